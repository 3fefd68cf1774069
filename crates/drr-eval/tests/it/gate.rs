//! The gate holds, refuses, and says when it cannot tell.

use drr_core::Seeds;
use drr_eval::gate::{
    GOLDEN_FORMAT, GateError, GateReport, Golden, GoldenLine, Outcome, Verdict, bless, judge,
};

type Values = Option<Vec<f64>>;

fn line(value: f64, tolerance: f64) -> GoldenLine {
    GoldenLine {
        protocol: "seed".into(),
        recommender: "drr".into(),
        metric: "precision".into(),
        k: 10,
        value,
        tolerance,
        ..GoldenLine::default()
    }
}

fn golden(lines: Vec<GoldenLine>) -> Golden {
    Golden { format: GOLDEN_FORMAT, dataset_hash: None, lines }
}

/// A run in which half of the `n` users have 0 and half 1, shifted by `shift`; popularity has .25 less for everyone.
fn run(n: usize, shift: f64) -> impl Fn(&str, &str, &str, usize) -> Values {
    move |protocol, recommender, metric, k| {
        let below = match recommender {
            "drr" => 0.0,
            "popularity" => 0.25,
            _ => return None,
        };
        (protocol == "seed" && metric == "precision" && k == 10)
            .then(|| (0..n).map(|user| (user % 2) as f64 + shift - below).collect())
    }
}

fn judged(lines: Vec<GoldenLine>, n: usize, shift: f64) -> GateReport {
    judge(&golden(lines), &run(n, shift), Seeds(1)).expect("the lines can be judged")
}

#[test]
fn a_figure_as_recorded_holds_if_the_interval_is_narrow() {
    // The half width is 1.96 * .5 / sqrt(10,000) = .0098, less than the margin of .04.
    let report = judged(vec![line(0.5, 0.02)], 10_000, -0.005);
    assert_eq!((report.outcome, report.outcome.exit_code()), (Outcome::Held, 0));
    assert_eq!(report.lines[0].verdict, Verdict::Held);
}

#[test]
fn a_figure_below_the_tolerance_has_regressed() {
    let report = judged(vec![line(0.5, 0.02), line(0.4, 0.02)], 10_000, -0.05);
    assert_eq!((report.outcome, report.outcome.exit_code()), (Outcome::Regressed, 3));
    assert_eq!(report.lines[1].verdict, Verdict::Held);
}

#[test]
fn a_figure_just_below_the_floor_has_regressed_if_the_interval_is_as_narrow_as_asked_for() {
    // The floor .48 lies within .475 -+ .0098, but a margin of .04 was enough.
    let report = judged(vec![line(0.5, 0.02)], 10_000, -0.025);
    assert!(report.lines[0].found.high > 0.48);
    assert_eq!(report.outcome, Outcome::Regressed);
}

#[test]
fn few_users_cannot_tell_and_the_report_says_how_many_can() {
    // 1.96 * sd / sqrt(n) <= .04 with sd = .5 sqrt(100 / 99): n = 606.3.
    for shift in [0.0, -0.05] {
        let report = judged(vec![line(0.5, 0.02)], 100, shift);
        assert_eq!((report.outcome, report.outcome.exit_code()), (Outcome::NotEnough, 4));
        assert_eq!(report.lines[0].verdict, Verdict::NotEnough { needed_users: 607 });
        assert!(judged(vec![line(0.5, 0.02)], 800, shift).outcome != Outcome::NotEnough);
    }
    // What is far below is told from few users too, and what is far above holds.
    assert_eq!(judged(vec![line(0.5, 0.02)], 100, -0.3).outcome, Outcome::Regressed);
    assert_eq!(judged(vec![line(0.5, 0.02)], 100, 0.3).outcome, Outcome::Held);
}

#[test]
fn a_difference_on_the_same_users_is_told_from_few() {
    let against = |value| GoldenLine { against: Some("popularity".into()), ..line(value, 0.01) };
    assert_eq!(judged(vec![against(0.25)], 20, 0.1).outcome, Outcome::Held);
    assert_eq!(judged(vec![against(0.27)], 20, 0.1).outcome, Outcome::Regressed);
}

#[test]
fn an_exact_figure_holds_to_rounding_alone() {
    let exact = GoldenLine { exact: true, ..line(0.5, 0.0) };
    assert_eq!(judged(vec![exact.clone()], 10, 0.0).outcome, Outcome::Held);
    assert_eq!(judged(vec![exact.clone()], 10, 1e-8).outcome, Outcome::Regressed);
    assert_eq!(judged(vec![exact], 10, -1e-8).outcome, Outcome::Regressed);
}

#[test]
fn a_figure_of_which_less_is_better_may_not_rise() {
    let lower = GoldenLine { lower_is_better: true, ..line(0.5, 0.02) };
    assert_eq!(judged(vec![lower.clone()], 10_000, -0.3).outcome, Outcome::Held);
    assert_eq!(judged(vec![lower], 10_000, 0.3).outcome, Outcome::Regressed);
}

#[test]
fn blessing_takes_the_run_s_values_and_keeps_the_tolerances() {
    let lines = vec![line(0.1, 0.02), GoldenLine { against: Some("popularity".into()), ..line(0.0, 0.03) }];
    let blessed = bless(&golden(lines), &run(100, 0.125)).expect("the run has the values");
    assert_eq!((blessed.lines[0].value, blessed.lines[0].tolerance), (0.625, 0.02));
    assert_eq!((blessed.lines[1].value, blessed.lines[1].tolerance), (0.25, 0.03));
    let report = judge(&blessed, &run(10_000, 0.125), Seeds(1)).expect("judged");
    assert_eq!(report.outcome, Outcome::Held);
}

#[test]
fn what_cannot_be_judged_is_an_error_with_a_remedy() {
    let error = |golden: &Golden| judge(golden, &run(10, 0.0), Seeds(1)).expect_err("no judgement");
    let absent = GoldenLine { recommender: "nobody".into(), ..line(0.5, 0.02) };
    let message = error(&golden(vec![absent])).to_string();
    assert!(message.contains("nobody") && message.contains("evaluate this recommender"), "{message}");
    assert_eq!(error(&golden(vec![])), GateError::NoLines);
    assert_eq!(
        error(&Golden { format: 9, dataset_hash: None, lines: vec![line(0.5, 0.1)] }),
        GateError::Format { found: 9 }
    );
    assert!(matches!(error(&golden(vec![line(0.5, 0.0)])), GateError::NoMargin { .. }));
    assert!(matches!(error(&golden(vec![line(f64::NAN, 0.1)])), GateError::NotFinite { .. }));
}

#[test]
fn the_table_shows_each_line_and_its_verdict() {
    let table = judged(vec![line(0.5, 0.02)], 100, 0.0).table();
    assert_eq!(table.rows.len(), 1);
    assert!(table.caption.starts_with("Not enough users"), "{}", table.caption);
    assert_eq!(table.rows[0].len(), table.columns.len());
}

#[test]
fn golden_figures_need_few_words_and_refuse_unknown_ones() {
    let text = r#"{"format":1,"lines":[{"protocol":"seed","recommender":"drr","metric":"precision","k":10,"value":0.5,"tolerance":0.02}]}"#;
    let read: Golden = serde_json::from_str(text).expect("the defaults fill in the rest");
    assert_eq!(read, golden(vec![line(0.5, 0.02)]));
    assert_eq!(serde_json::to_string(&read).expect("serializable"), text);
    let error = serde_json::from_str::<Golden>(&text.replace("\"k\"", "\"n\"")).expect_err("no such field");
    assert!(error.to_string().contains("unknown field `n`"), "{error}");
}
