use super::*;

#[tokio::test]
async fn what_is_put_comes_back_with_its_type() {
    let test = Fixture::new().await;
    let e_tag = test.put("media/a b/ä.txt", TEXT.to_vec()).await;
    let object = test.get("media/a b/ä.txt").send().await.unwrap();
    assert_eq!(object.content_type(), Some("text/x-test"));
    assert_eq!(object.e_tag(), Some(&*e_tag));
    assert_eq!(object.body.collect().await.unwrap().to_vec(), TEXT);

    let head = test.s3.head_object().bucket(BUCKET).key("media/a b/ä.txt").send().await.unwrap();
    assert_eq!((head.content_length(), head.accept_ranges()), (Some(10), Some("bytes")));
    let list = test.s3.list_objects_v2().bucket(BUCKET).prefix("media/").send().await.unwrap();
    assert_eq!(list.contents()[0].key(), Some("media/a b/ä.txt"));

    for _ in 0..2 {
        test.s3.delete_object().bucket(BUCKET).key("media/a b/ä.txt").send().await.unwrap();
        assert_eq!(status(&test.get("media/a b/ä.txt").send().await.unwrap_err()), 404);
    }
    assert_eq!(status(&test.get("media").send().await.unwrap_err()), 404); // a folder is no object
}

#[tokio::test]
async fn keys_that_lead_elsewhere_are_refused() {
    let test = Fixture::new().await;
    let upload = test.s3.copy_object().bucket(BUCKET).key("copy").copy_source(format!("{BUCKET}/../secret"));
    assert_eq!(status(&upload.send().await.unwrap_err()), 400);
    for key in ["../out", "a/../../out", "a..b", "a//b", "a/", "a\\b", "./a", &"long".repeat(50)] {
        let put = test.s3.put_object().bucket(BUCKET).key(key).body(TEXT.to_vec().into()).send().await;
        assert_eq!(status(&put.unwrap_err()), 400, "{key}");
        assert_eq!(status(&test.get(key).send().await.unwrap_err()), 400, "{key}");
        let started = test.s3.create_multipart_upload().bucket(BUCKET).key(key).send().await;
        assert_eq!(status(&started.unwrap_err()), 400, "{key}");
    }
    assert_eq!(fs::read_dir(&test.root).unwrap().count(), 1); // the bucket
}

#[tokio::test]
async fn a_bad_digest_leaves_nothing() {
    let test = Fixture::new().await;
    let put = test.s3.put_object().bucket(BUCKET).key("bad").body(TEXT.to_vec().into());
    let refused = put.checksum_sha256("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=").send().await.unwrap_err();
    assert_eq!(refused.code(), Some("BadDigest"));
    assert_eq!(status(&test.get("bad").send().await.unwrap_err()), 404);
}

#[tokio::test]
async fn parts_are_put_together_if_they_are_the_ones_meant() {
    let test = Fixture::new().await;
    let mut created = test.storage.created();
    let started = test.s3.create_multipart_upload().bucket(BUCKET).key("film").content_type("video/mp4").send().await;
    let id = started.unwrap().upload_id.unwrap();
    let mut parts = Vec::new();
    for (number, body) in [(2, vec![2; 100]), (1, vec![1; 5 << 20])] {
        let part = test.s3.upload_part().bucket(BUCKET).key("film").upload_id(&id).part_number(number);
        let e_tag = part.body(body.into()).send().await.unwrap().e_tag.unwrap();
        parts.insert(0, CompletedPart::builder().part_number(number).e_tag(e_tag).build());
    }
    let listed = test.s3.list_parts().bucket(BUCKET).key("film").upload_id(&id).send().await.unwrap();
    let listed = listed.parts().iter().map(|part| (part.part_number(), part.e_tag()));
    assert!(listed.eq(parts.iter().map(|part| (part.part_number(), part.e_tag()))));

    let complete = |parts: Vec<CompletedPart>| {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        test.s3.complete_multipart_upload().bucket(BUCKET).key("film").upload_id(&id).multipart_upload(parts).send()
    };
    let mut wrong = parts.clone();
    wrong[1] = CompletedPart::builder().part_number(2).e_tag(parts[0].e_tag().unwrap()).build();
    assert_eq!(complete(wrong).await.unwrap_err().code(), Some("InvalidPart"));
    let done = complete(parts.clone()).await.unwrap();
    assert_eq!(complete(parts).await.unwrap_err().code(), Some("NoSuchUpload"));

    let film = test.s3.head_object().bucket(BUCKET).key("film").send().await.unwrap();
    assert_eq!((film.content_length(), film.content_type()), (Some((5 << 20) + 100), Some("video/mp4")));
    let event = created.try_recv().unwrap();
    assert_eq!((event.event, event.size), ("ObjectCreated:CompleteMultipartUpload", (5 << 20) + 100));
    assert_eq!(done.e_tag(), Some(&*format!("\"{}\"", event.e_tag)));

    let given_up = test.s3.abort_multipart_upload().bucket(BUCKET).key("film").upload_id(&id).send().await;
    assert_eq!(given_up.unwrap_err().code(), Some("NoSuchUpload"));
}

#[tokio::test]
async fn every_way_to_write_is_told() {
    let test = Fixture::new().await;
    let mut created = test.storage.created();
    let e_tag = test.put("one", TEXT.to_vec()).await;
    let copy = test.s3.copy_object().bucket(BUCKET).key("two").copy_source(format!("{BUCKET}/one"));
    copy.send().await.unwrap();
    for (event, key) in [("ObjectCreated:Put", "one"), ("ObjectCreated:Copy", "two")] {
        let told = created.try_recv().unwrap();
        let e_tag = e_tag.trim_matches('"').to_owned();
        assert_eq!(told, Created { event, bucket: BUCKET.to_owned(), key: key.to_owned(), size: 10, e_tag });
    }
    let two = test.get("two").send().await.unwrap();
    assert_eq!(two.content_type(), Some("text/x-test"));
}
