//! The worlds of long sessions: by hand, by the contract, and what can be found of them in a log.

use crate::random;
use drr_core::{
    Categories, ContextIdx, Environment, EnvironmentError, ExpectedSession, Interaction, InteractionLog,
    ItemIdx, ItemSet, Observed, RandomStream, Seeds, UserIdx,
};
use drr_env::worlds::estimate::{Estimates, SittingConfig, estimate};
use drr_env::worlds::{Dynamics, JudgedSession, Known, Mind, Population, SessionWorld};
use drr_env::{EnvError, RatingScale, check_environment};
use rand::Rng;
use std::sync::Arc;

/// `n_users` users and `n_items` items of one or two of four categories; the last item is no candidate.
fn population(n_users: u32, n_items: u32) -> Arc<Population> {
    let of = |item: u32| vec![(item % 4) as u16, (item / 4 % 4) as u16];
    let categories = Categories::new(4, &(0..n_items).map(of).collect::<Vec<_>>()).expect("it fits");
    let candidates = ItemSet::from_items(n_items as usize, (0..n_items - 1).map(ItemIdx));
    let mut population =
        Population::new(candidates, Arc::new(categories), RatingScale::STARS, 4.0).expect("it fits");
    for user in 0..n_users {
        let rating = |item: u32| 2.0 + ((item * 7 + user * 3) % 10) as f32 / 4.0;
        let known = vec![
            Observed { item: ItemIdx(user), rating: 5.0, timestamp: 0 },
            Observed { item: ItemIdx(n_items - 1), rating: 1.0, timestamp: 1 },
        ];
        let items: Vec<ItemIdx> = known.iter().map(|it| it.item).collect();
        let category_shares = Population::category_shares(population.categories(), &items);
        let ratings = (0..n_items - 1).map(rating).collect();
        population.push(Known { user: UserIdx(user), known, ratings, category_shares }).expect("it fits");
    }
    Arc::new(population)
}

#[test]
fn every_world_keeps_the_contract() {
    let population = population(3, 40);
    let worlds = [
        Dynamics::boredom(),
        Dynamics::growing_taste(),
        Dynamics::plain(10),
        Dynamics { hazard: 1.0, ..Dynamics::boredom() },
    ];
    for dynamics in worlds {
        let mut world = SessionWorld::new(&population, dynamics, 3).unwrap();
        assert_eq!(check_environment(&mut world, &mut random()).unwrap(), [], "{dynamics:?}");
    }
}

#[test]
fn a_session_is_as_computed_by_hand() {
    let categories = Arc::new(Categories::new(2, &[vec![0], vec![0], vec![1], vec![0, 1]]).unwrap());
    let dynamics = Dynamics {
        horizon: 3,
        staleness_decay: 0.5,
        threshold: 0.5,
        impatience: 0.4,
        hazard: 0.1,
        unfamiliarity: 1.0,
        growth: 0.5,
        taste_scale: 1.0,
        fatigue: 0.25,
    };
    let mut population = Population::new(ItemSet::full(4), categories, RatingScale::STARS, 4.0).unwrap();
    let known = vec![Observed { item: ItemIdx(1), rating: 4.0, timestamp: 0 }];
    let user =
        Known { user: UserIdx(7), known, ratings: vec![4.0, 3.0, 5.0, 1.5], category_shares: vec![1.0, 0.0] };
    let context = population.push(user).unwrap();
    let mut session = JudgedSession::new(&Arc::new(population), dynamics, context);
    assert!(!session.candidates().contains(ItemIdx(1)) && session.candidates().contains(ItemIdx(0)));
    let near = |value: f32, expected: f32| assert!((value - expected).abs() < 1e-6, "{value} {expected}");
    // f = (1 - 1/e, 0): the answer lacks 1/e, and nothing is stale.
    let first = session.show(ItemIdx(0)).unwrap();
    let unfamiliar = (-1.0_f32).exp();
    near(first.reward, (4.0 - unfamiliar - 3.0) / 2.0);
    assert!((first.leaving - 0.1).abs() < 1e-9);
    // m = (1, 0), f = (1 - 1/(2e), 0); c of item 3 is 1/sqrt(2) each, so rho = 1/sqrt(2).
    let stale = 0.5_f32.sqrt();
    let peeked = session.peek(ItemIdx(3)).unwrap();
    let second = session.show(ItemIdx(3)).unwrap();
    assert_eq!(peeked, second);
    let familiar = (1.0 - unfamiliar / 2.0) / 2.0;
    near(second.reward, ((1.5 - (1.0 - familiar) - 0.25 * stale).max(1.0) - 3.0) / 2.0);
    assert!((second.leaving - (0.1 + 0.4 * (f64::from(stale) - 0.5))).abs() < 1e-6);
    assert_eq!(session.show(ItemIdx(3)), Err(EnvironmentError::NotACandidate(ItemIdx(3))));
    assert_eq!(session.peek(ItemIdx(1)), Err(EnvironmentError::NotACandidate(ItemIdx(1))));
    session.show(ItemIdx(2)).unwrap();
    assert_eq!(session.show(ItemIdx(1)), Err(EnvironmentError::SessionOver));
    assert_eq!(session.shown().iter().map(|it| it.item.0).collect::<Vec<_>>(), [0, 3, 2]);
}

#[test]
fn rewards_are_the_same_drawn_and_judged_and_users_leave_as_often_as_is_told() {
    let population = population(3, 60);
    let dynamics = Dynamics { horizon: 12, ..Dynamics::growing_taste() };
    let mut world = SessionWorld::new(&population, dynamics, 3).unwrap();
    let (n, context) = (4_000, ContextIdx(1));
    let (mut expected, mut total, mut length) = ((0.0, 0.0), 0.0, 0.0);
    let mut judged = JudgedSession::new(&population, dynamics, context);
    let mut survival = 1.0;
    let items: Vec<ItemIdx> = (10..22).map(|item| ItemIdx(item * 2)).collect();
    for item in &items {
        let response = judged.show(*item).unwrap();
        expected.0 += survival * f64::from(response.reward);
        expected.1 += survival;
        survival *= 1.0 - response.leaving;
    }
    for draw in 0..n {
        world.reset_to(context, Seeds(draw).stream("leaving"));
        for (item, shown) in items.iter().zip(judged.shown()) {
            let step = world.step(*item).unwrap();
            assert_eq!(step.reward, shown.reward);
            total += f64::from(step.reward);
            length += 1.0;
            assert_eq!(world.shown().last(), Some(shown));
            if step.terminated || step.truncated {
                break;
            }
        }
    }
    let (total, length) = (total / n as f64, length / n as f64);
    assert!((length - expected.1).abs() < 0.2, "{length} {}", expected.1);
    assert!((total - expected.0).abs() < 0.1, "{total} {}", expected.0);
    assert!(expected.1 < 11.0, "users leave at all: {}", expected.1);
}

#[test]
fn a_copy_of_a_session_goes_on_for_itself() {
    let population = population(1, 30);
    let mut session = JudgedSession::new(&population, Dynamics::boredom(), ContextIdx(0));
    session.show(ItemIdx(4)).unwrap();
    let mut copy = session.clone();
    let mind: Mind = session.mind().clone();
    copy.show(ItemIdx(8)).unwrap();
    assert_eq!((session.shown().len(), session.mind()), (1, &mind));
    assert_eq!(copy.peek(ItemIdx(8)), Err(EnvironmentError::NotACandidate(ItemIdx(8))));
    assert_eq!(session.show(ItemIdx(8)).unwrap().reward, copy.shown()[1].reward);
}

#[test]
fn users_that_do_not_fit_and_worlds_of_nobody_are_refused() {
    let categories = Arc::new(Categories::new(1, &[vec![0], vec![0]]).unwrap());
    let new = |candidates| Population::new(candidates, Arc::clone(&categories), RatingScale::STARS, 4.0);
    assert!(matches!(new(ItemSet::full(3)), Err(EnvError::Catalogue { n_catalogue: 3, n_log: 2 })));
    assert!(new(ItemSet::empty(2)).unwrap_err().to_string().contains("candidates"));
    let mut population = new(ItemSet::full(2)).unwrap();
    let user = |ratings: &[f32], shares: &[f32]| Known {
        user: UserIdx(0),
        known: Vec::new(),
        ratings: ratings.to_vec(),
        category_shares: shares.to_vec(),
    };
    let refused = |population: &mut Population, ratings: &[f32], shares: &[f32]| {
        population.push(user(ratings, shares)).unwrap_err().to_string()
    };
    assert!(refused(&mut population, &[1.0], &[0.0]).contains("one rating for each candidate"));
    assert!(refused(&mut population, &[1.0, 2.0], &[]).contains("one share for each category"));
    assert!(refused(&mut population, &[1.0, f32::NAN], &[0.0]).contains("finite"));
    let nobody = SessionWorld::new(&Arc::new(population), Dynamics::boredom(), 3);
    assert_eq!(nobody.err(), Some(EnvironmentError::NoUsers.into()));
}

/// A log of sittings with random items, whose ratings and ends follow the dynamics; an item's prediction is `predict`.
fn planted(seed: u64, dynamics: &Dynamics) -> (InteractionLog, Arc<Categories>) {
    let mut random: RandomStream = Seeds(seed).stream("planted");
    let (n_users, n_items) = (150_u32, 400_u32);
    let of = |item: u32| {
        if item.is_multiple_of(3) {
            vec![(item % 5) as u16]
        } else {
            vec![(item % 5) as u16, (item / 5 % 5) as u16]
        }
    };
    let categories =
        Arc::new(Categories::new(5, &(0..n_items).map(of).collect::<Vec<_>>()).expect("it fits"));
    let mut rows = Vec::new();
    for user in 0..n_users {
        let (mut time, mut mind) = (0_i64, Mind::default());
        for _ in 0..40 {
            mind.begin(&[0.0; 5], dynamics);
            time += 100_000;
            loop {
                let item = ItemIdx(random.random_range(0..n_items));
                let staleness = f64::from(mind.staleness_of(item, &categories));
                let noise = random.random_range(-0.8..0.8);
                let rating = f64::from(predict(UserIdx(user), item)) - dynamics.fatigue * staleness + noise;
                time += 60;
                let rating = rating as f32;
                rows.push(Interaction { user: UserIdx(user), item, rating, timestamp: time });
                mind.see(item, &categories, dynamics);
                let bored = (staleness - dynamics.threshold).max(0.0);
                if random.random::<f64>() < dynamics.hazard + dynamics.impatience * bored {
                    break;
                }
            }
        }
    }
    (InteractionLog::new(n_users as usize, n_items as usize, &rows).expect("it fits"), categories)
}

fn predict(user: UserIdx, item: ItemIdx) -> f32 {
    3.0 + (user.0 % 7) as f32 / 10.0 + (item.0 % 11) as f32 / 10.0
}

fn near(estimates: &Estimates, planted: &Dynamics) -> bool {
    let pairs = [
        (estimates.base_hazard.value, planted.hazard),
        (estimates.impatience.value, planted.impatience),
        (estimates.fatigue.value, planted.fatigue),
    ];
    pairs.iter().all(|(found, planted)| (found - planted).abs() <= 0.2 * planted)
}

#[test]
fn planted_dynamics_are_found_within_a_fifth_in_eighteen_of_twenty_logs() {
    let dynamics = Dynamics { hazard: 0.05, impatience: 0.2, fatigue: 0.3, ..Dynamics::boredom() };
    let n_found = (0..20)
        .filter(|seed| {
            let (log, categories) = planted(*seed, &dynamics);
            near(&estimate(&log, &categories, predict, &SittingConfig::default()).unwrap(), &dynamics)
        })
        .count();
    assert!(n_found >= 18, "{n_found}");
}

#[test]
fn where_nothing_is_planted_the_intervals_hold_zero_in_seventeen_of_twenty_logs() {
    let dynamics = Dynamics { hazard: 0.05, impatience: 0.0, fatigue: 0.0, ..Dynamics::boredom() };
    let found = |seed| {
        let (log, categories) = planted(seed, &dynamics);
        estimate(&log, &categories, predict, &SittingConfig::default()).unwrap()
    };
    let mut n_holding = [0; 3];
    for found in (0..20).map(found) {
        for (n, it) in n_holding.iter_mut().zip([found.impatience, found.satisfaction, found.fatigue]) {
            *n += usize::from(it.low < 0.0 && it.high > 0.0);
            assert!(it.high - it.low < 0.1, "{it:?}");
        }
    }
    assert!(n_holding.iter().all(|n| *n >= 17), "{n_holding:?}");
    let found = found(3);
    assert_eq!(found.n_sittings, 150 * 40);
    assert_eq!(found.by_staleness.iter().map(|it| it.n).sum::<usize>(), found.n_ratings);
    assert!(found.by_satisfaction.is_sorted_by(|left, right| left.mean <= right.mean));
    assert!((found.hazard - 0.05).abs() < 0.01, "{}", found.hazard);
}

#[test]
fn a_log_without_sittings_has_nothing_to_say() {
    let categories = Categories::new(1, &[vec![0], vec![0]]).unwrap();
    let rows: Vec<Interaction> = (0..2)
        .map(|at| Interaction { user: UserIdx(at), item: ItemIdx(at), rating: 3.0, timestamp: 0 })
        .collect();
    let log = InteractionLog::new(2, 2, &rows).unwrap();
    let refused = estimate(&log, &categories, |_, _| 3.0, &SittingConfig::default()).unwrap_err();
    assert!(refused.to_string().contains("sittings of several ratings"), "{refused}");
}
