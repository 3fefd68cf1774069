//! Every piece of work can be done.

use super::*;
use instructions::run_alone;

#[test]
fn the_median_of_an_even_number_lies_between_the_middle_two() {
    assert_eq!((median(&mut [3.0, 1.0, 2.0]), median(&mut [4.0, 1.0, 2.0, 9.0])), (2.0, 3.0));
}

#[test]
fn every_work_has_a_name_of_its_own_and_the_small_ones_run() {
    let mut names: Vec<&str> = work::ALL.iter().map(|it| it.name).collect();
    for name in &names {
        // The others take a gigabyte or seconds to prepare.
        if ["update", "learn", "act", "environment"].iter().any(|it| name.starts_with(it)) {
            run_alone(name, 2).unwrap();
        }
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), work::ALL.len());
    assert_eq!(run_alone("nothing", 1).unwrap_err().to_string(), "there is no work nothing");
}
