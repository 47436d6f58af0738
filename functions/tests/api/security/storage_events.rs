//! S3's events may be duplicated, late, reordered or lost. `media/event_order.rs` can run 10,000 of them by hand.

use crate::media::event_order;

#[tokio::test(flavor = "multi_thread")]
async fn duplicated_late_reordered_and_lost_events_have_the_same_result_as_ordered_ones() {
    event_order::compare(150, 7).await;
    event_order::compare(150, 11).await;
}
