//! What the names of columns mean, in the languages in which logs are written.

/// What a column may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
    User,
    Item,
    Rating,
    Count,
    Duration,
    Time,
    OfItem,
    OfUser,
    /// A session, an event's kind, a row's number: none of a log's roles.
    Aside,
}

/// The words of each role; within a role the better ones first.
const WORDS: [(Role, &str); 9] = [
    (
        Role::User,
        "user u uid visitor customer client member account reviewer person people applicant candidate buyer recipient shopper profile reader patron \
         listener viewer consumer subscriber player guest rater learner student employee household msno jobseeker \
         nutzer benutzer kunde kunden besucher teilnehmer käufer utilisateur utilisatrice abonné acheteur usuario usuaria cliente \
         comprador utilizador utente пользователь пользователя клиент клиента покупатель покупателя юзер \
         ユーザー ユーザ 利用者 顧客 会員 用户 用戶 客户 会员 사용자 회원 고객 gebruiker klant användare kund użytkownik klient kullanıcı",
    ),
    (
        Role::Item,
        "item i iid movie film product asin parentasin isbn isbn13 book track song artist article sku place business restaurant venue poi \
         job vacancy offer news story video clip photo anime game app course recipe joke album podcast episode show series content \
         dish hotel listing post page url document doc paper good goods merchandise stockcode beer wine event_id subreddit repo \
         artikel produkt ware buch titel_nr lied sendung ort stelle livre produit œuvre chanson morceau lieu offre annonce producto \
         articulo pelicula libro cancion obra oferta lugar produto filme livro musica vaga prodotto libro \
         товар товара фильм фильма книга книги трек песня статья предмет \
         アイテム 商品 作品 映画 本 曲 物品 电影 電影 图书 歌曲 视频 影片 상품 영화 아이템 boek produkten vara książka ürün",
    ),
    (
        Role::Rating,
        "rating ratings score stars star overall vote grade mark preference pref like liked likes opinion evaluation feedback reaction reactions sentiment \
         bewertung note sterne wertung évaluation etoiles puntuacion calificacion valoracion nota avaliacao estrelas classificacao \
         voto valutazione оценка рейтинг балл 評価 評点 点数 评分 評分 打分 분수 평점 별점 waardering cijfer betyg ocena puan",
    ),
    (
        Role::Count,
        "plays playcount playcnt count counts cnt listens listencount weight views viewcount clicks clickcount quantity qty purchases \
         times n freq frequency amount_bought orders visits occurrences interactions numplays nplays units \
         anzahl menge stück aufrufe wiedergaben käufe écoutes lectures quantité achats nombre reproducciones cantidad compras veces visitas \
         quantidade reproducoes количество прослушивания число просмотры 再生回数 回数 個数 数量 购买数量 播放次数 次数 횟수 aantal antal ilość adet",
    ),
    (
        Role::Duration,
        "duration watchtime watchseconds watchduration dwell dwelltime dwellms dwellseconds playtime playduration viewduration listenseconds \
         msplayed secondswatched minuteswatched hours minutes seconds timespent hoursplayed readtime listeningtime \
         dauer sehdauer durée duree duracion duracao длительность время_просмотра 視聴時間 时长 時長 观看时长 시청시간",
    ),
    (
        Role::Time,
        "timestamp unixreviewtime time ts datetime date when unixtime epoch eventtime created createdat ratedat at tstamp \
         occurredat playedat purchasedat orderdate addedat watchedat clickedat viewedat viewstart starttime start began reviewtime \
         reviewdate updated updatedat lastplayed end endtime day \
         zeitstempel zeitpunkt zeit datum uhrzeit am date_heure horodatage heure jour fecha hora marca_tiempo momento data quando \
         время дата 日時 時刻 日付 タイムスタンプ 时间 時間 时间戳 日期 시간 날짜 일시 tijd tijdstip tid tidpunkt czas tarih zaman",
    ),
    (
        Role::OfItem,
        "title name itemname movietitle genre genres category categories brand author authors artistname publisher year releaseyear \
         price cuisine director actors tags description titel kategorie marke autor preis jahr titre categorie auteur prix annee titulo \
         categoria autor precio ano название жанр категория цена автор ジャンル カテゴリ タイトル 価格 著者 类别 类型 标题 价格 作者 industry color colour size material",
    ),
    (
        Role::OfUser,
        "username nickname gender sex age occupation zip zipcode postcode income birthyear geschlecht alter sexe sexo edad пол возраст \
         性別 年齢 性别 年龄",
    ),
    (
        Role::Aside,
        "session sessionid sess event eventtype action behavior behaviour type interaction activity kind order orderid invoice invoiceno \
         transaction transactionid row rownumber rowid index unnamed line review reviewtext text summary comment helpful helpfulness votes \
         device platform os ip browser referrer ereignis aktion typ sitzung événement action_type evento tipo sesion действие событие \
         сессия イベント セッション 行動 行为 事件 会话 split fold position rank",
    ),
];

/// What may stand around a word without changing it: it says that the word is an id.
const ID_WORDS: [&str; 25] = [
    "id",
    "ids",
    "nr",
    "no",
    "num",
    "number",
    "nummer",
    "code",
    "key",
    "uuid",
    "guid",
    "hash",
    "idx",
    "identifier",
    "identifiant",
    "codigo",
    "cod",
    "код",
    "numero",
    "编号",
    "編號",
    "番号",
    "号",
    "ид",
    "아이디",
];

/// How well a name fits a role: the first is the better. `None` if it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// Only its last word does: `Book-Rating`.
    Head,
    /// The whole name does, without an id: `movie`.
    Whole,
    /// The whole name does, with an id: `movieId`.
    WithId,
}

/// The roles that a name fits, the best first.
pub(crate) fn roles(name: &str) -> Vec<(Role, Fit)> {
    let words = words(name);
    let mut found: Vec<(Role, Fit)> = WORDS
        .iter()
        .filter_map(|(role, known)| {
            Some((*role, fit(&words, |word| known.split_whitespace().any(|it| folded(it) == word))?))
        })
        .collect();
    found.sort_by_key(|it| std::cmp::Reverse(it.1));
    found
}

fn fit(words: &[String], is_known: impl Fn(&str) -> bool) -> Option<Fit> {
    let joined = words.concat();
    if is_known(&joined) {
        // `asin`, `isbn` and `uid` are ids without saying so.
        return Some(if matches!(&*joined, "asin" | "isbn" | "uid" | "iid" | "sku") {
            Fit::WithId
        } else {
            Fit::Whole
        });
    }
    let bare: Vec<&String> = words.iter().filter(|word| !ID_WORDS.contains(&&***word)).collect();
    let joined_bare: String = bare.iter().map(|it| it.as_str()).collect();
    if bare.len() < words.len() && is_known(&joined_bare) {
        return Some(Fit::WithId);
    }
    let mut ends = ID_WORDS.iter().filter_map(|id| joined.strip_suffix(id)).filter(|it| !it.is_empty());
    if ends.any(&is_known) {
        return Some(Fit::WithId);
    }
    let head = bare.last()?;
    (bare.len() > 1 && is_known(head)).then_some(if bare.len() < words.len() {
        Fit::Whole
    } else {
        Fit::Head
    })
}

/// The words of a name, in small letters without accents: at capitals inside it, and at everything that is no letter or digit.
pub(crate) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut last = ' ';
    for character in name.chars() {
        let is_new = character.is_uppercase() && last.is_lowercase();
        if !character.is_alphanumeric() || is_new {
            words.push(String::new());
        }
        if character.is_alphanumeric() {
            let last = words.last_mut().expect("there is always a word");
            last.push_str(&folded(&character.to_string()));
        }
        last = character;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Small letters without the accents of Latin ones.
pub(crate) fn folded(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars().flat_map(char::to_lowercase) {
        match character {
            'à'..='å' | 'ā' | 'ą' => plain.push('a'),
            'ç' | 'ć' | 'č' => plain.push('c'),
            'è'..='ë' | 'ē' | 'ę' => plain.push('e'),
            'ì'..='ï' | 'ı' => plain.push('i'),
            'ñ' | 'ń' => plain.push('n'),
            'ò'..='ö' | 'ø' | 'ō' => plain.push('o'),
            'ù'..='ü' | 'ū' => plain.push('u'),
            'ş' | 'ś' | 'š' => plain.push('s'),
            'ß' => plain.push_str("ss"),
            'œ' => plain.push_str("oe"),
            'ł' => plain.push('l'),
            'ž' | 'ż' | 'ź' => plain.push('z'),
            '_' => {}
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_many_spellings_and_languages() {
        for (name, role) in [
            ("user_id", Role::User),
            ("userId", Role::User),
            ("UserID", Role::User),
            ("User-ID", Role::User),
            ("USER", Role::User),
            ("reviewerID", Role::User),
            ("Applicant.ID", Role::User),
            ("visitorid", Role::User),
            ("Kundennummer", Role::User),
            ("id_utilisateur", Role::User),
            ("пользователь", Role::User),
            ("用户ID", Role::User),
            ("ユーザーID", Role::User),
            ("movieId", Role::Item),
            ("asin", Role::Item),
            ("ISBN", Role::Item),
            ("artistID", Role::Item),
            ("Job.ID", Role::Item),
            ("Artikel-Nr", Role::Item),
            ("business_id", Role::Item),
            ("товар_id", Role::Item),
            ("商品ID", Role::Item),
            ("Book-Rating", Role::Rating),
            ("overall", Role::Rating),
            ("stars", Role::Rating),
            ("Bewertung", Role::Rating),
            ("评分", Role::Rating),
            ("playCount", Role::Count),
            ("weight", Role::Count),
            ("qty", Role::Count),
            ("Anzahl", Role::Count),
            ("View.Duration", Role::Duration),
            ("watch_seconds", Role::Duration),
            ("dwell_ms", Role::Duration),
            ("unixReviewTime", Role::Time),
            ("timestamp", Role::Time),
            ("rated_at", Role::Time),
            ("View.Start", Role::Time),
            ("Datum", Role::Time),
            ("movie_title", Role::OfItem),
            ("artistName", Role::OfItem),
            ("user_age", Role::OfUser),
            ("session_id", Role::Aside),
            ("event_type", Role::Aside),
        ] {
            let found = roles(name);
            assert_eq!(found.first().map(|it| it.0), Some(role), "{name}: {found:?}");
        }
        assert_eq!(roles("foo"), []);
        assert!(roles("movieId")[0].1 > roles("movie")[0].1);
        assert!(roles("rating")[0].1 > roles("food_rating")[0].1);
    }
}
