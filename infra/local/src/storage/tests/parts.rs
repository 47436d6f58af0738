use super::*;

const MINIMUM: usize = 5 << 20;

#[tokio::test]
async fn completing_assembles_the_listed_parts_and_checks_them() {
    let test = Fixture::new().await;
    let mut created = test.storage.created();
    let id = test.begin("film").await;
    let last = test.part("film", &id, 5, vec![2; 100]).await; // numbers may have gaps
    let parts = vec![test.part("film", &id, 1, vec![1; MINIMUM]).await, last];
    let listed = test.s3.list_parts().bucket(BUCKET).key("film").upload_id(&id).send().await.unwrap();
    let sizes: Vec<_> = listed.parts().iter().map(|part| part.size().unwrap()).collect();
    assert_eq!(sizes, [5 << 20, 100]);
    let listed = listed.parts().iter().map(|part| (part.part_number(), part.e_tag()));
    assert!(listed.eq(parts.iter().map(|part| (part.part_number(), part.e_tag()))));

    let complete = |parts: Vec<CompletedPart>| test.complete("film", &id, parts).send();
    let mut wrong = parts.clone();
    wrong[1] = CompletedPart::builder().part_number(5).e_tag(parts[0].e_tag().unwrap()).build();
    assert_eq!(complete(wrong).await.unwrap_err().code(), Some("InvalidPart"));
    let reversed = parts.iter().rev().cloned().collect();
    assert_eq!(complete(reversed).await.unwrap_err().code(), Some("InvalidPartOrder"));
    assert_eq!(complete(vec![]).await.unwrap_err().code(), Some("MalformedXML"));
    let done = complete(parts.clone()).await.unwrap();
    assert_eq!(complete(parts).await.unwrap_err().code(), Some("NoSuchUpload"));

    let film = test.s3.head_object().bucket(BUCKET).key("film").send().await.unwrap();
    assert_eq!((film.content_length(), film.content_type()), (Some((5 << 20) + 100), Some("video/mp4")));
    let event = created.try_recv().unwrap();
    assert_eq!((event.event, event.size), ("ObjectCreated:CompleteMultipartUpload", (5 << 20) + 100));
    assert_eq!(done.e_tag(), Some(&*format!("\"{}\"", event.e_tag)));
    assert!(event.e_tag.ends_with("-2"));

    let given_up = test.s3.abort_multipart_upload().bucket(BUCKET).key("film").upload_id(&id).send().await;
    assert_eq!(given_up.unwrap_err().code(), Some("NoSuchUpload"));
    assert_eq!(test.files_beside(), 2); // the object's `ETag` and headers
}

#[tokio::test]
async fn parts_that_are_too_small_or_of_another_upload_are_refused() {
    let test = Fixture::new().await;
    let id = test.begin("film").await;
    let mut parts = Vec::new();
    for number in [1, 2] {
        parts.push(test.part("film", &id, number, vec![1; 100]).await);
    }
    assert_eq!(test.complete("film", &id, parts).send().await.unwrap_err().code(), Some("EntityTooSmall"));
    let other_key = test.s3.upload_part().bucket(BUCKET).key("other").upload_id(&id).part_number(1);
    assert_eq!(other_key.body(TEXT.to_vec().into()).send().await.unwrap_err().code(), Some("NoSuchUpload"));
    for number in [0, 10_001] {
        let part = test.s3.upload_part().bucket(BUCKET).key("film").upload_id(&id).part_number(number);
        assert_eq!(part.body(TEXT.to_vec().into()).send().await.unwrap_err().code(), Some("InvalidArgument"));
    }
    test.s3.abort_multipart_upload().bucket(BUCKET).key("film").upload_id(&id).send().await.unwrap();
    assert_eq!(test.files_beside(), 0);
}

#[tokio::test]
async fn a_signed_part_accepts_only_its_size() {
    let test = Fixture::new().await;
    let id = test.begin("film").await;
    let hour = PresigningConfig::expires_in(Duration::from_hours(1)).unwrap();
    let part = test.s3.upload_part().bucket(BUCKET).key("film").upload_id(&id).part_number(1).content_length(10);
    let signed = part.presigned(hour).await.unwrap();
    let lengths = signed.headers().find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    assert_eq!(lengths.map(|(_, value)| value), Some("10"));
    let put = |body: &'static [u8]| test.http.put(signed.uri()).body(body).send();
    for body in [&b"012345678"[..], b"01234567890"] {
        let refused = put(body).await.unwrap();
        assert_eq!(refused.status(), 403);
        assert!(refused.text().await.unwrap().contains("<Code>SignatureDoesNotMatch</Code>"));
    }
    let list = || test.s3.list_parts().bucket(BUCKET).key("film").upload_id(&id).send();
    assert_eq!(list().await.unwrap().parts().len(), 0);
    let taken = put(TEXT).await.unwrap();
    assert_eq!(taken.status(), 200);
    assert_eq!(Some(header(&taken, "etag")), list().await.unwrap().parts()[0].e_tag());
    let other = test.http.put(signed.uri().replace("partNumber=1", "partNumber=2")).body(TEXT).send().await.unwrap();
    assert_eq!(other.status(), 403);
}

#[tokio::test]
async fn a_part_with_a_bad_digest_keeps_the_earlier_one() {
    let test = Fixture::new().await;
    let id = test.begin("film").await;
    let good = test.part("film", &id, 1, TEXT.to_vec()).await;
    let bad = test.s3.upload_part().bucket(BUCKET).key("film").upload_id(&id).part_number(1);
    let bad = bad.checksum_sha256("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=").body(b"other".to_vec().into());
    assert_eq!(bad.send().await.unwrap_err().code(), Some("BadDigest"));
    let listed = test.s3.list_parts().bucket(BUCKET).key("film").upload_id(&id).send().await.unwrap();
    assert_eq!(listed.parts()[0].e_tag(), good.e_tag());
    test.complete("film", &id, vec![good]).send().await.unwrap();
    assert_eq!(test.text("film").await.as_bytes(), TEXT);
}

#[tokio::test]
async fn of_two_concurrent_completions_one_succeeds() {
    let test = Fixture::new().await;
    let mut created = test.storage.created();
    let id = test.begin("film").await;
    let part = test.part("film", &id, 1, TEXT.to_vec()).await;
    let complete = || test.complete("film", &id, vec![part.clone()]).send();
    let (one, other) = tokio::join!(complete(), complete());
    assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|done| **done).count(), 1);
    assert!(created.try_recv().is_ok() && created.try_recv().is_err());
}

#[tokio::test]
async fn parts_can_be_copied_from_an_unchanged_object() {
    let test = Fixture::new().await;
    let e_tag = test.put("uploads/1", vec![7; MINIMUM + 10]).await;
    let id = test.begin("media/1.mp4").await;
    let copy = |number: i32, range: &str, e_tag: &str| {
        let copy = test.s3.upload_part_copy().bucket(BUCKET).key("media/1.mp4").upload_id(&id).part_number(number);
        copy.copy_source(format!("{BUCKET}/uploads/1")).copy_source_range(range).copy_source_if_match(e_tag).send()
    };
    let last = format!("bytes={MINIMUM}-{}", MINIMUM + 9);
    let mut parts = Vec::new();
    for (number, range) in [(1, format!("bytes=0-{}", MINIMUM - 1)), (2, last.clone())] {
        let copied = copy(number, &range, &e_tag).await.unwrap().copy_part_result.unwrap();
        parts.push(CompletedPart::builder().part_number(number).e_tag(copied.e_tag.unwrap()).build());
    }
    assert_eq!(copy(3, &last, "\"other\"").await.unwrap_err().code(), Some("PreconditionFailed"));
    assert_eq!(copy(3, "bytes=0-99999999", &e_tag).await.unwrap_err().code(), Some("InvalidArgument"));
    assert_eq!(copy(3, "bytes=5-", &e_tag).await.unwrap_err().code(), Some("InvalidArgument"));
    test.complete("media/1.mp4", &id, parts).send().await.unwrap();
    assert_eq!(
        test.get("media/1.mp4").send().await.unwrap().body.collect().await.unwrap().to_vec(),
        vec![7; MINIMUM + 10]
    );
}
