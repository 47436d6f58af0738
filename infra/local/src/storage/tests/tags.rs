use aws_sdk_s3::types::{Tag, Tagging};

use super::*;

const STATUS: &str = "GuardDutyMalwareScanStatus";

async fn tag(test: &Fixture, key: &str, pairs: &[(&str, &str)]) -> Result<(), String> {
    let tags = pairs.iter().map(|(key, value)| Tag::builder().key(*key).value(*value).build().unwrap()).collect();
    let tagging = Tagging::builder().set_tag_set(Some(tags)).build().unwrap();
    let put = test.s3.put_object_tagging().bucket(BUCKET).key(key).tagging(tagging);
    put.send().await.map(drop).map_err(|error| error.code().unwrap().to_owned())
}

async fn tags(test: &Fixture, key: &str) -> Vec<String> {
    let got = test.s3.get_object_tagging().bucket(BUCKET).key(key).send().await.unwrap();
    got.tag_set().iter().map(|tag| format!("{}={}", tag.key(), tag.value())).collect()
}

#[tokio::test]
async fn an_object_keeps_its_tags_until_it_is_replaced() {
    let test = Fixture::new().await;
    let mut created = test.storage.created();
    let e_tag = test.put("uploads/1", TEXT.to_vec()).await;
    assert!(tags(&test, "uploads/1").await.is_empty());
    tag(&test, "uploads/1", &[(STATUS, "NO_THREATS_FOUND")]).await.unwrap();
    assert_eq!(tags(&test, "uploads/1").await, ["GuardDutyMalwareScanStatus=NO_THREATS_FOUND"]);
    assert_eq!(test.get("uploads/1").send().await.unwrap().e_tag(), Some(&*e_tag)); // the bytes are unchanged

    let copy = test.s3.copy_object().bucket(BUCKET).key("media/1").copy_source(format!("{BUCKET}/uploads/1"));
    copy.send().await.unwrap();
    assert_eq!(tags(&test, "media/1").await.len(), 1);
    test.s3.delete_object_tagging().bucket(BUCKET).key("media/1").send().await.unwrap();
    assert!(tags(&test, "media/1").await.is_empty());

    test.put("uploads/1", TEXT.to_vec()).await;
    assert!(tags(&test, "uploads/1").await.is_empty());
    let told: Vec<_> = std::iter::from_fn(|| created.try_recv().ok()).map(|created| created.event).collect();
    assert_eq!(told, ["ObjectCreated:Put", "ObjectCreated:Copy", "ObjectCreated:Put"]); // tagging sends no event
}

#[tokio::test]
async fn tags_that_s3_would_refuse_are_refused() {
    let test = Fixture::new().await;
    assert_eq!(tag(&test, "none", &[("a", "b")]).await, Err("NoSuchKey".to_owned()));
    test.put("one", TEXT.to_vec()).await;
    let long = "x".repeat(257);
    let many: Vec<_> = (0..11).map(|number| number.to_string()).collect();
    let many: Vec<_> = many.iter().map(|key| (key.as_str(), "")).collect();
    for refused in [&[("a", "1"), ("a", "2")][..], &[("", "1")], &[("a", &long)], &many] {
        assert_eq!(tag(&test, "one", refused).await, Err("InvalidTag".to_owned()));
    }
}
