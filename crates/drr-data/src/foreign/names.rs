//! What the names of columns mean in files of lists: one table of the names that are in use.

/// What a column of a file of lists is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Whose list it is.
    User,
    /// One item of a list.
    Item,
    /// A whole list.
    List,
    /// The position, the least first.
    Rank,
    /// The score, the greatest first.
    Score,
    /// Under which protocol.
    Protocol,
    /// Whose lists they are.
    Recommender,
}

/// The names of each role, as [`plain`] writes them. A rating is none of them: beside a prediction it is the truth, and alone it is a log.
const NAMES: [(Role, &[&str]); 7] = [
    (
        Role::User,
        &[
            "user",
            "users",
            "userid",
            "uid",
            "visitor",
            "visitorid",
            "customer",
            "customerid",
            "client",
            "clientid",
            "account",
            "accountid",
            "member",
            "memberid",
            "reviewer",
            "reviewerid",
            "person",
            "personid",
            "profile",
            "profileid",
            "shopper",
            "shopperid",
            "reader",
            "readerid",
            "listener",
            "listenerid",
            "viewer",
            "viewerid",
            "subscriber",
            "subscriberid",
            "msno",
            "targetuser",
            "targetuserid",
            "query",
            "queryid",
            "qid",
        ],
    ),
    (
        Role::Item,
        &[
            "item",
            "itemid",
            "iid",
            "movie",
            "movieid",
            "film",
            "filmid",
            "product",
            "productid",
            "book",
            "bookid",
            "isbn",
            "track",
            "trackid",
            "song",
            "songid",
            "artist",
            "artistid",
            "album",
            "albumid",
            "article",
            "articleid",
            "asin",
            "parentasin",
            "sku",
            "doc",
            "docid",
            "docno",
            "document",
            "documentid",
            "video",
            "videoid",
            "newsid",
            "job",
            "jobid",
            "business",
            "businessid",
            "place",
            "placeid",
            "venue",
            "venueid",
            "restaurant",
            "restaurantid",
            "poi",
            "poiid",
            "game",
            "gameid",
            "app",
            "appid",
            "recipe",
            "recipeid",
            "offer",
            "offerid",
            "content",
            "contentid",
            "show",
            "showid",
            "targetitem",
            "targetitemid",
            "recommendation",
            "recommendeditem",
            "recommendeditemid",
            "recommendedid",
            "rec",
            "predicteditem",
        ],
    ),
    (
        Role::List,
        &[
            "items",
            "itemids",
            "itemlist",
            "movies",
            "movieids",
            "films",
            "filmids",
            "products",
            "productids",
            "books",
            "bookids",
            "tracks",
            "trackids",
            "songs",
            "songids",
            "articles",
            "articleids",
            "asins",
            "docs",
            "docids",
            "documents",
            "videos",
            "videoids",
            "jobs",
            "jobids",
            "list",
            "lists",
            "rankedlist",
            "ranking",
            "rankeditems",
            "recommendations",
            "recommended",
            "recommendeditems",
            "recommendeditemids",
            "recommendationlist",
            "recs",
            "reclist",
            "reco",
            "recos",
            "predictions",
            "predicteditems",
            "topk",
            "topn",
            "topkitems",
            "topnitems",
            "slate",
        ],
    ),
    (Role::Rank, &["rank", "ranks", "position", "pos", "rnk", "itemrank"]),
    (
        Role::Score,
        &[
            "score",
            "scores",
            "prediction",
            "predicted",
            "pred",
            "preds",
            "est",
            "estimate",
            "estimated",
            "estimation",
            "estimatedrating",
            "predictedrating",
            "predrating",
            "predictionrating",
            "ratingprediction",
            "ratingpred",
            "predictedscore",
            "predscore",
            "predictionscore",
            "modelscore",
            "itemscore",
            "relevancescore",
            "probability",
            "prob",
            "proba",
            "similarity",
            "yhat",
            "ypred",
            "logit",
        ],
    ),
    (Role::Protocol, &["protocol"]),
    (Role::Recommender, &["recommender"]),
];

/// A name without case, separators and a type: `user_id:token` is `userid`.
pub(super) fn plain(name: &str) -> String {
    let name = name.split(':').next().unwrap_or_default();
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The role of a column of this name.
pub(super) fn role(name: &str) -> Option<Role> {
    let name = plain(name);
    NAMES.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(role, _)| *role)
}

/// The name of one of several columns with the items of a list, or with their scores, as what is before its number, and its number:
/// `item_3` and `3`.
pub(super) fn numbered(name: &str, of_scores: bool) -> Option<(String, u32)> {
    let name = plain(name);
    let base = name.trim_end_matches(|letter: char| letter.is_ascii_digit());
    let number = name[base.len()..].parse().ok()?;
    let is_of_a_list = match role(base) {
        Some(Role::Score) => of_scores,
        Some(Role::Item | Role::List | Role::Rank) => !of_scores,
        _ => !of_scores && ["", "top", "r", "n"].contains(&base),
    };
    is_of_a_list.then(|| (base.to_owned(), number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_written_plainly_and_has_one_role() {
        let all: Vec<&str> = NAMES.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        for (at, name) in all.iter().enumerate() {
            assert_eq!(plain(name), *name);
            assert!(!all[..at].contains(name), "{name} stands twice");
        }
    }

    #[test]
    fn case_separators_and_types_do_not_matter() {
        for name in ["visitorid", "Visitor_ID", "visitor-id", "visitor id:token"] {
            assert_eq!(role(name), Some(Role::User), "{name}");
        }
        for name in ["est", "predicted_rating", "Pred Rating", "prediction:float"] {
            assert_eq!(role(name), Some(Role::Score), "{name}");
        }
        for name in ["rating", "r_ui", "timestamp", "title", ""] {
            assert_eq!(role(name), None, "{name}");
        }
    }

    #[test]
    fn numbered_columns_of_a_list_are_known_by_what_is_before_the_number() {
        assert_eq!(numbered("item_3", false), Some(("item".to_owned(), 3)));
        assert_eq!(numbered("12", false), Some((String::new(), 12)));
        assert_eq!(numbered("Top 1", false), Some(("top".to_owned(), 1)));
        assert_eq!(numbered("Score 2", true), Some(("score".to_owned(), 2)));
        for name in ["item", "rating1", "user_1", "Unnamed: 0", "score_2"] {
            assert_eq!(numbered(name, false), None, "{name}");
        }
        for name in ["item_3", "12", "top1", "score"] {
            assert_eq!(numbered(name, true), None, "{name}");
        }
    }
}
