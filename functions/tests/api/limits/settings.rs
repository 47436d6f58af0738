//! The settings of the limits.

use chrono::TimeDelta;
use lyceum::config::Settings;

use crate::harness::{Store, on_both_stores};

on_both_stores!(
    calls_per_minute_are_a_setting_that_need_not_divide_a_minute,
    failures_and_their_delays_are_settings,
    failures_per_identifier_are_a_setting,
    mails_are_settings_that_need_not_divide_an_hour,
);

async fn calls_per_minute_are_a_setting_that_need_not_divide_a_minute(store: Store) {
    let lyceum = store.with(&[("LIMIT_CALLS_PER_MINUTE", "7")]).await;
    let visitor = lyceum.anonymous();
    for _ in 0..7 {
        visitor.verifies("no").await.is(422);
    }
    let answer = visitor.verifies("no").await.is(429);
    assert_eq!(answer.header("retry-after"), "9"); // 60 s ÷ 7
    lyceum.clock.advance(TimeDelta::seconds(8));
    assert_eq!(visitor.verifies("no").await.is(429).header("retry-after"), "1");
    lyceum.clock.advance(TimeDelta::seconds(1));
    visitor.verifies("no").await.is(422);
}

async fn failures_and_their_delays_are_settings(store: Store) {
    let settings =
        [("LIMIT_FAILURES", "2"), ("LIMIT_FIRST_DELAY_SECONDS", "30"), ("LIMIT_LONGEST_DELAY_SECONDS", "100")];
    let lyceum = store.with(&settings).await;
    let visitor = lyceum.anonymous();
    visitor.signs_in_as("ada", "wrong").await.is(401);
    for seconds in [30, 60, 100, 100] {
        visitor.signs_in_as("ada", "wrong").await.is(401);
        let answer = visitor.signs_in_as("ada", "wrong").await.is(429);
        assert_eq!(answer.header("retry-after"), seconds.to_string());
        lyceum.clock.advance(TimeDelta::seconds(seconds));
    }
}

async fn failures_per_identifier_are_a_setting(store: Store) {
    let lyceum = store.with(&[("LIMIT_FAILURES_PER_IDENTIFIER", "3")]).await;
    for status in [401, 401, 401, 429] {
        lyceum.anonymous().signs_in_as("ada", "wrong").await.is(status);
    }
}

async fn mails_are_settings_that_need_not_divide_an_hour(store: Store) {
    let lyceum = store.with(&[("LIMIT_MAILS", "2"), ("LIMIT_MAILS_PER_HOUR", "7")]).await;
    let student = lyceum.student().await;
    for _ in 0..3 {
        lyceum.anonymous().forgets_password(&student.email).await;
    }
    assert_eq!(lyceum.mails().await.len(), 2);
    lyceum.clock.advance(TimeDelta::seconds(514)); // 3600 s ÷ 7 is a little more than 514 s
    lyceum.anonymous().forgets_password(&student.email).await;
    assert_eq!(lyceum.mails().await.len(), 2);
    lyceum.clock.advance(TimeDelta::seconds(1));
    lyceum.anonymous().forgets_password(&student.email).await;
    assert_eq!(lyceum.mails().await.len(), 3);
}

#[test]
fn an_invalid_limit_is_an_error_at_start_up() {
    for name in [
        "LIMIT_CALLS_PER_MINUTE",
        "LIMIT_FAILURES",
        "LIMIT_FAILURES_PER_IDENTIFIER",
        "LIMIT_FIRST_DELAY_SECONDS",
        "LIMIT_LONGEST_DELAY_SECONDS",
        "LIMIT_MAILS",
        "LIMIT_MAILS_PER_HOUR",
    ] {
        for value in ["0", "-1", "many", "1.5", "99999999999"] {
            let settings = Settings::from(|setting| (setting == name).then(|| value.to_owned()));
            assert!(settings.err().is_some_and(|error| error.to_string().contains(name)), "{name}={value}");
        }
        assert!(Settings::from(|setting| (setting == name).then(|| "1".to_owned())).is_ok());
    }
}
