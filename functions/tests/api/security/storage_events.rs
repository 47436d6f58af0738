//! 22: events come twice, late, out of order or never. `media/event_order.rs` has 10,000 of them, by hand.

use crate::media::event_order;

#[tokio::test(flavor = "multi_thread")]
async fn duplicated_late_reordered_and_lost_events_end_as_in_order() {
    event_order::compare(150, 7).await;
    event_order::compare(150, 11).await;
}
