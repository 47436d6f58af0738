use super::*;

#[tokio::test]
async fn an_object_is_returned_with_its_bytes_and_type() {
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
    assert_eq!(status(&test.get("media").send().await.unwrap_err()), 404); // a folder is not an object
}

#[tokio::test]
async fn keys_that_leave_the_bucket_are_refused() {
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
    assert_eq!(test.files_beside(), 0);
}

#[tokio::test]
async fn a_bad_digest_keeps_the_earlier_object() {
    let test = Fixture::new().await;
    let bad = || {
        let put = test.s3.put_object().bucket(BUCKET).key("bad").body(b"other".to_vec().into());
        put.checksum_sha256("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=").send()
    };
    assert_eq!(bad().await.unwrap_err().code(), Some("BadDigest"));
    assert_eq!(status(&test.get("bad").send().await.unwrap_err()), 404);
    assert_eq!(test.files_beside(), 0);

    let e_tag = test.put("bad", TEXT.to_vec()).await;
    assert_eq!(bad().await.unwrap_err().code(), Some("BadDigest"));
    let kept = test.get("bad").send().await.unwrap();
    assert_eq!((kept.e_tag(), kept.content_type()), (Some(&*e_tag), Some("text/x-test")));
    assert_eq!(test.text("bad").await.as_bytes(), TEXT);
}

#[tokio::test]
async fn a_digest_is_stored_until_the_object_is_replaced() {
    let test = Fixture::new().await;
    let digest = "hNiYd/DUBB77a/kaFvAkjy/Vc+avBcGflr7bn4gveII="; // of TEXT
    let put = test.s3.put_object().bucket(BUCKET).key("sum").body(TEXT.to_vec().into()).checksum_sha256(digest);
    assert_eq!(put.send().await.unwrap().checksum_sha256(), Some(digest));
    let head = || async { test.s3.head_object().bucket(BUCKET).key("sum").send().await.unwrap() };
    assert_eq!(head().await.checksum_sha256(), Some(digest));
    let id = test.begin("sum").await;
    let part = test.part("sum", &id, 1, b"short".to_vec()).await;
    test.complete("sum", &id, vec![part]).send().await.unwrap();
    assert_eq!(head().await.checksum_sha256(), None);
}

#[tokio::test]
async fn removing_an_object_removes_all_its_files() {
    let test = Fixture::new().await;
    test.put("media/one", TEXT.to_vec()).await;
    test.s3.delete_object().bucket(BUCKET).key("media/one").send().await.unwrap();
    assert_eq!(test.files_beside(), 0);
}

/// No read returns the bytes of one version with the `ETag` of another, or a mix of both.
#[tokio::test(flavor = "multi_thread")]
async fn a_read_during_a_write_returns_one_version_complete() {
    let test = Fixture::new().await;
    let versions = ["1", "2"].map(|digit| digit.repeat(300_000));
    let mut e_tags = Vec::new();
    for version in &versions {
        e_tags.push(test.put("busy", version.clone().into_bytes()).await);
    }
    let write = async {
        for _ in 0..20 {
            for version in &versions {
                test.put("busy", version.clone().into_bytes()).await;
            }
        }
    };
    let read = async {
        for _ in 0..40 {
            let object = test.get("busy").send().await.unwrap();
            let e_tag = object.e_tag().unwrap().to_owned();
            let bytes = object.body.collect().await.unwrap().to_vec();
            let version = e_tags.iter().position(|known| *known == e_tag).expect("one of the two");
            assert!(bytes == versions[version].as_bytes());
        }
    };
    tokio::join!(write, read);
}

#[tokio::test]
async fn every_kind_of_write_sends_an_event() {
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
