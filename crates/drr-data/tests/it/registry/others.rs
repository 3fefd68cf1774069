//! Products, places, jobs, short videos and clothes.

use super::sample::{Lies, Said, Sample, Value, stars, table};

fn user(at: usize) -> String {
    format!("AMADEUP{at:04}X")
}

fn product(at: usize) -> String {
    format!("00{:08}", at * 7 + 2)
}

/// Amazon 2014: a JSON object a line, with texts and a list that are not read.
pub(super) fn amazon_2014_reviews() -> Sample {
    let row = |[user, item, value, time]: [&str; 4]| {
        format!(
            "{{\"reviewerID\": \"{user}\", \"asin\": \"{item}\", \"reviewerName\": \"A \\\"B\\\", C\", \"helpful\": [0, 1], \
             \"reviewText\": \"Odd.\\nVery {{odd}}.\", \"overall\": {value}.0, \"unixReviewTime\": {time}}}"
        )
    };
    Sample { user, item: product, ..Sample::plain(Lies::Gz, &["any name"], row) }
}

pub(super) fn amazon_2014_ratings() -> Sample {
    Sample { user, item: product, ..Sample::plain(Lies::File, &["any name"], |row| row.join(",")) }
}

/// Amazon 2018: the item stands before the user.
pub(super) fn amazon_2018() -> Sample {
    let row = |[user, item, value, time]: [&str; 4]| [item, user, value, time].join(",");
    Sample { user, item: product, ..Sample::plain(Lies::File, &["any name"], row) }
}

/// Amazon 2023: times in milliseconds.
pub(super) fn amazon_2023() -> Sample {
    Sample {
        user,
        item: product,
        time: Some(|second| format!("{second}000")),
        header: "user_id,parent_asin,rating,timestamp\n",
        ..Sample::plain(Lies::Gz, &["any name"], |row| row.join(","))
    }
}

/// Restaurants: names in windows-1252 in one table, cuisines in another, several rows each.
pub(super) fn restaurants() -> Sample {
    Sample {
        user: |at| format!("U{}", 2000 + at),
        item: |at| format!("{}", 940_000 + at),
        value: |at| [("0", Some(0.0)), ("1", Some(1.0)), ("2", Some(2.0))][at % 3],
        time: None,
        header: "userID,placeID,rating,food_rating,service_rating\n",
        tables: || {
            let name = |at| format!("{},22.1,-100.9,0101,Caf\u{e9} {at},no street", 940_000 + at);
            let text =
                String::from_utf8(table("placeID,latitude,longitude,the_geom_meter,name,address\n", name))
                    .unwrap();
            let in_windows_1252 = text.chars().map(|it| u8::try_from(u32::from(it)).unwrap()).collect();
            let cuisine = |at| format!("{0},Cuisine_A\n{0},Cuisine_{1}", 940_000 + at, at % 3);
            vec![
                ("geoplaces2.csv", in_windows_1252),
                ("chefmozcuisine.csv", table("placeID,Rcuisine\n", cuisine)),
            ]
        },
        said: |at| Said {
            title: Some(format!("Caf\u{e9} {at}")),
            categories: vec!["Cuisine_A".to_owned(), format!("Cuisine_{}", at % 3)],
            year: None,
        },
        scale: (0.0, 2.0),
        ..Sample::plain(Lies::Zip(""), &["rating_final.csv"], |[user, item, value, _]| {
            format!("{user},{item},{value},1,2")
        })
    }
}

/// Yelp: two files of JSON, and categories that may be missing.
pub(super) fn yelp() -> Sample {
    Sample {
        user: |at| format!("_u-{at}"),
        item: |at| format!("b_{at}-"),
        time: Some(written_time),
        tables: || {
            let row = |at| {
                let categories =
                    if at % 4 == 3 { "null".to_owned() } else { format!("\"Odd Bars, Kind {}\"", at % 3) };
                format!(
                    "{{\"business_id\":\"b_{at}-\",\"name\":\"Place \\u00e9 {at}\",\"stars\":4.5,\"attributes\":null,\
                     \"categories\":{categories},\"hours\":{{\"Monday\":\"0:0-0:0\"}}}}"
                )
            };
            vec![("yelp_academic_dataset_business.json", table("", row))]
        },
        said: |at| Said {
            title: Some(format!("Place \u{e9} {at}")),
            categories: if at % 4 == 3 {
                Vec::new()
            } else {
                vec!["Odd Bars".to_owned(), format!("Kind {}", at % 3)]
            },
            year: None,
        },
        ..Sample::plain(Lies::Folder, &["yelp_academic_dataset_review.json"], |[user, item, value, time]| {
            format!(
                "{{\"review_id\":\"r\",\"user_id\":\"{user}\",\"business_id\":\"{item}\",\"stars\":{value}.0,\"useful\":0,\
                     \"text\":\"Odd, \\\"very\\\".\",\"date\":\"{time}\"}}"
            )
        })
    }
}

/// `2017-07-14 02:40:00`.
fn written_time(second: i64) -> String {
    let (days, rest) = (second.div_euclid(86_400), second.rem_euclid(86_400));
    // 2017-07-14 is the day 17361; the samples' rows end before August.
    let day = 14 + days - 17_361;
    assert!(day <= 31, "the sample is longer than its month");
    format!("2017-07-{day:02} {:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

/// Views of jobs: how long, which is graded by fifths, and not known of some.
pub(super) fn job_views() -> Sample {
    Sample {
        value: |at| match at % 6 {
            5 => ("", None),
            grade => (["2.0", "11.0", "84.0", "300.0", "1129.0"][grade], stars(grade).1),
        },
        time: Some(|second| format!("{} UTC", written_time(second))),
        header: "Applicant.ID,Job.ID,Title,City,State.Code,Industry,View.Start,View.End,View.Duration\n",
        said: |at| Said {
            title: Some(format!("Made-Up Job {}, Odd", at * 7 + 2)),
            categories: vec![["Odd Trade", "Even Trade"][(at * 7 + 2) % 2].to_owned()],
            year: None,
        },
        ..Sample::plain(Lies::File, &["Job_Views.csv"], |[user, item, value, time]| {
            let industry = ["Odd Trade", "Even Trade"][item.parse::<usize>().unwrap() % 2];
            format!("{user},{item},\"Made-Up Job {item}, Odd\",Nowhere,NW,{industry},{time},,{value}")
        })
    }
}

/// JTH: the day of the last action, and jobs with lists of categories.
pub(super) fn jth() -> Sample {
    Sample {
        user: |at| format!("c{at:03}ab"),
        item: |at| format!("j{at:03}cd"),
        value: |_| ("", Some(1.0)),
        time: Some(|second| written_time(second)[..10].to_owned()),
        header: "candidate_id,job_id,shortlist_date,end_of_process_date,last_stage_reached\n",
        tables: || {
            let row = |at| format!("j{at:03}cd,2017-01-01,Trade;Kind {},none", at % 3);
            vec![
                ("jobs.csv", table("job_id,create_date,job_category,skills\n", row)),
                ("candidates.csv", b"candidate_id,skills\nc000ab,odd\n".to_vec()),
            ]
        },
        said: |at| Said {
            categories: vec!["Trade".to_owned(), format!("Kind {}", at % 3)],
            ..Said::default()
        },
        scale: (0.0, 1.0),
        ..Sample::plain(Lies::Zip("jth/"), &["history.csv"], |[user, item, _, time]| {
            format!("{user},{item},,{time},shortlist")
        })
    }
}

/// XING: what a user did as a number, which is no scale; in 2017 names of columns begin with that of a table.
pub(super) fn xing(is_2017: bool) -> Sample {
    let (header, value): (&str, Value) = if is_2017 {
        ("x.user_id\tx.item_id\tx.interaction_type\tx.created_at\n", |at| {
            [("0", None), ("1", Some(1.0)), ("4", Some(0.0)), ("5", Some(1.0))][at % 4]
        })
    } else {
        ("user_id\titem_id\tinteraction_type\tcreated_at\n", |at| {
            [("1", Some(1.0)), ("2", Some(1.0)), ("3", Some(1.0)), ("4", Some(0.0))][at % 4]
        })
    };
    Sample {
        value,
        header,
        tables: || {
            let row = |at| format!("{}\t5,6\t3\t7\t{}", at * 7 + 2, at % 3);
            vec![("items.csv", table("y.id\ty.title\ty.career_level\ty.discipline_id\ty.industry_id\n", row))]
        },
        said: |at| Said { categories: vec![(at % 3).to_string()], ..Said::default() },
        scale: (0.0, 1.0),
        ..Sample::plain(Lies::Zip("data/"), &["interactions.csv"], |row| row.join("\t"))
    }
}

/// KuaiRec: how much of a video was watched, at fractions of a second.
pub(super) fn kuairec() -> Sample {
    Sample {
        value: |at| [("0.1076", Some(0.0)), ("1.2733", Some(0.0)), ("2.5", Some(1.0))][at % 3],
        time: Some(|second| format!("{second}.438")),
        header: "user_id,video_id,play_duration,video_duration,time,date,timestamp,watch_ratio\n",
        tables: || {
            let row = |at| format!("{},\"[{}, 9]\"", at * 7 + 2, at % 3);
            vec![
                ("item_categories.csv", table("video_id,feat\n", row)),
                ("small_matrix.csv", b"user_id,video_id\n1,2\n".to_vec()),
            ]
        },
        said: |at| Said { categories: vec![(at % 3).to_string(), "9".to_owned()], ..Said::default() },
        scale: (0.0, 1.0),
        ..Sample::plain(Lies::Zip("KuaiRec 2.0/data/"), &["big_matrix.csv"], |[user, item, value, time]| {
            format!("{user},{item},1,2,2017-07-14 00:00:00.438,20170714,{time},{value}")
        })
    }
}

/// KuaiRand: two files with rows, and categories in quotation marks.
pub(super) fn kuairand() -> Sample {
    Sample {
        value: |at| [("0", Some(0.0)), ("1", Some(1.0))][at % 2],
        time: Some(|second| format!("{second}301")),
        header: "user_id,video_id,date,hourmin,time_ms,is_click,is_like\n",
        tables: || {
            let row = |at| format!("{},8,NORMAL,\"12,{}\"", at * 7 + 2, at % 3);
            vec![
                ("data/video_features_basic_pure.csv", table("video_id,author_id,video_type,tag\n", row)),
                ("data/log_random_4_22_to_5_08_pure.csv", b"user_id,video_id\n1,2\n".to_vec()),
            ]
        },
        said: |at| Said { categories: vec!["12".to_owned(), (at % 3).to_string()], ..Said::default() },
        scale: (0.0, 1.0),
        ..Sample::plain(
            Lies::Folder,
            &["data/log_standard_4_08_to_4_21_pure.csv", "data/log_standard_4_22_to_5_08_pure.csv"],
            |[user, item, value, time]| format!("{user},{item},20170714,240,{time},{value},0"),
        )
    }
}

/// Coats: a log made of a wide table, with its zeros.
pub(super) fn coat() -> Sample {
    Sample {
        value: |at| if at % 6 == 5 { ("0", None) } else { stars(at % 6) },
        time: None,
        header: "user,item,rating\n",
        ..Sample::plain(Lies::File, &["any name"], |[user, item, value, _]| format!("{user},{item},{value}"))
    }
}
