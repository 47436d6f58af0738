use super::*;

#[tokio::test]
async fn a_conditional_copy_checks_the_source() {
    let test = Fixture::new().await;
    let first = test.put("uploads/1", TEXT.to_vec()).await;
    test.put("uploads/1", b"overwritten".to_vec()).await;
    let copy = || test.s3.copy_object().bucket(BUCKET).key("media/1").copy_source(format!("{BUCKET}/uploads/1"));
    let refused = copy().copy_source_if_match(&first).send().await.unwrap_err();
    assert_eq!((status(&refused), refused.code()), (412, Some("PreconditionFailed")));
    assert_eq!(status(&test.get("media/1").send().await.unwrap_err()), 404);

    let second = test.put("uploads/1", TEXT.to_vec()).await;
    let copied = copy().copy_source_if_match(&second).send().await.unwrap().copy_object_result.unwrap();
    assert_eq!(copied.e_tag(), Some(&*second));
    assert!(copied.last_modified().is_some());
    let missing = test.s3.copy_object().bucket(BUCKET).key("media/2").copy_source(format!("{BUCKET}/uploads/none"));
    assert_eq!(missing.send().await.unwrap_err().code(), Some("NoSuchKey"));
}

#[tokio::test]
async fn a_copy_keeps_or_replaces_the_headers() {
    let test = Fixture::new().await;
    let put = test.s3.put_object().bucket(BUCKET).key("from").body(TEXT.to_vec().into()).content_type("text/html");
    put.metadata("name", "x").content_disposition("inline").send().await.unwrap();
    let copy = |key: &str| test.s3.copy_object().bucket(BUCKET).key(key).copy_source(format!("{BUCKET}/from"));
    copy("same").content_type("text/plain").send().await.unwrap(); // without the directive, S3 ignores it
    let same = test.get("same").send().await.unwrap();
    assert_eq!((same.content_type(), same.content_disposition()), (Some("text/html"), Some("inline")));
    assert_eq!(same.metadata().unwrap()["name"], "x");

    let replaced = copy("new").metadata_directive(MetadataDirective::Replace).content_type("text/plain");
    replaced.cache_control("no-cache").send().await.unwrap();
    let new = test.get("new").send().await.unwrap();
    assert_eq!((new.content_type(), new.content_disposition()), (Some("text/plain"), None));
    assert_eq!((new.cache_control(), new.metadata().unwrap().len()), (Some("no-cache"), 0));
    assert_eq!(new.body.collect().await.unwrap().to_vec(), TEXT);

    let onto_itself = copy("from").send().await.unwrap_err();
    assert_eq!(onto_itself.code(), Some("InvalidRequest"));
    copy("from").metadata_directive(MetadataDirective::Replace).content_type("text/plain").send().await.unwrap();
    let from = test.get("from").send().await.unwrap();
    assert_eq!(from.content_type(), Some("text/plain"));
    assert_eq!(from.body.collect().await.unwrap().to_vec(), TEXT);
}

#[tokio::test]
async fn a_copy_of_a_multipart_object_has_a_new_e_tag() {
    let test = Fixture::new().await;
    let id = test.begin("parts").await;
    let part = test.part("parts", &id, 1, TEXT.to_vec()).await;
    test.complete("parts", &id, vec![part.clone()]).send().await.unwrap();
    let copy = test.s3.copy_object().bucket(BUCKET).key("whole").copy_source(format!("{BUCKET}/parts"));
    copy.send().await.unwrap();
    let whole = test.get("whole").send().await.unwrap();
    assert_eq!((whole.e_tag(), whole.content_type()), (part.e_tag(), Some("video/mp4")));
}
