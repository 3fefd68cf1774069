//! What a run of somebody's own data leaves out, repeats or lacks is said: once, with the reason, and in the report.

use crate::harness::{House, set, small};
use crate::stages::write_registry;
use std::fs;

const WHERE: &str = "--registry registry";

/// A log without times, in which one user has rated an item twice, and an experiment with lists of 3 and 5.
fn house() -> House {
    let house = House::new();
    let mut text = "user_id:token\titem_id:token\tstars:float\n".to_owned();
    for user in 0..60 {
        for nth in 0..16 {
            let item = (user * 7 + nth * (3 + user % 5)) % 37;
            text += &format!("u{user}\ti{item}\t{}\n", 1 + (user * item + nth) % 5);
        }
    }
    text += "u0\ti0\t5\n";
    fs::create_dir(house.path("raw")).unwrap();
    house.write("raw/made-up.inter", &text);
    write_registry(&house, "stars");
    let mut config = small();
    config.remove("sessions");
    set(&mut config, "data.dataset", "made-up");
    set(&mut config, "data.rows.duplicates", "count");
    set(&mut config, "embedding.co_occurrence.dim", 4);
    set(&mut config, "evaluation.list_lengths", vec![3, 5]);
    house.write("mine.toml", &config.to_string());
    house
}

#[test]
fn what_is_left_out_is_said_once_and_stands_in_the_report() {
    let house = house();
    let done =
        house.drr(&format!("pipeline {WHERE} --config mine.toml --archive raw --run mine")).succeeded();
    let said = "the protocol temporal is left out: the data set has no times";
    assert_eq!(done.stderr.matches("left out").count(), 1, "{done}");
    assert!(done.stderr.contains(said), "{done}");
    let report = fs::read_to_string(house.path("data/runs/mine/report.md")).unwrap();
    for part in
        [said, "Rows dropped: the user had rated the item before", "What the lists of 5 are like", "P@5"]
    {
        assert!(report.contains(part), "{part} is not in the report:\n{report}");
    }
    repeating_the_runs_own_choice_is_no_contradiction(&house);
}

fn repeating_the_runs_own_choice_is_no_contradiction(house: &House) {
    house.write("lists.csv", "user,item,rank\nu59,i1,1\nu59,i2,2\n");
    let score = format!("score {WHERE} --lists lists.csv --protocol first_ratings --run mine");
    let plain = house.drr(&score).succeeded();
    for own in ["--dataset made-up", "--archive raw", "--dataset made-up --archive raw"] {
        let same = house.drr(&format!("{score} {own}")).succeeded();
        assert_eq!(same.stdout, plain.stdout, "{own}");
    }
    fs::create_dir(house.path("other")).unwrap();
    let text = fs::read_to_string(house.path("raw/made-up.inter")).unwrap();
    house.write("other/made-up.inter", text.trim_end_matches("5\n"));
    assert_ne!(house.drr(&format!("{score} --dataset made-up --archive other")).code, Some(0));
}

#[test]
fn describe_has_every_option_that_it_recommends() {
    let house = house();
    let describe = format!("describe {WHERE} made-up --archive raw");
    house.drr(&describe).refused(&["--config FILE", "--presets DIR"]);
    let done = house.drr(&format!("{describe} --config mine.toml")).succeeded();
    assert!(done.stdout.contains("description.txt"), "{}", done.stdout);
}
