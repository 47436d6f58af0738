use super::*;

#[tokio::test]
async fn objects_are_listed_by_pages() {
    let test = Fixture::new().await;
    for number in 0..5 {
        test.put(&format!("uploads/{number}"), TEXT.to_vec()).await;
    }
    test.put("media/film", TEXT.to_vec()).await;
    let (mut keys, mut pages, mut token) = (Vec::new(), 0, None);
    loop {
        let list = test.s3.list_objects_v2().bucket(BUCKET).prefix("uploads/").max_keys(2);
        let page = list.set_continuation_token(token).send().await.unwrap();
        keys.extend(page.contents().iter().map(|object| object.key().unwrap().to_owned()));
        assert!(page.contents().iter().all(|object| object.size() == Some(10) && object.last_modified().is_some()));
        pages += 1;
        token = page.next_continuation_token().map(ToOwned::to_owned);
        if token.is_none() {
            break;
        }
    }
    assert_eq!((pages, keys.join(" ").as_str()), (3, "uploads/0 uploads/1 uploads/2 uploads/3 uploads/4"));
    let all = test.s3.list_objects_v2().bucket(BUCKET).max_keys(5000).send().await.unwrap();
    assert_eq!((all.max_keys(), all.contents().len()), (Some(1000), 6));
}

#[tokio::test]
async fn each_object_is_listed_as_its_only_version_by_pages() {
    let test = Fixture::new().await;
    for key in ["uploads/1", "uploads/2", "uploads/3", "media/film"] {
        test.put(key, TEXT.to_vec()).await;
    }
    test.put("uploads/1", b"overwritten".to_vec()).await;
    let list = || test.s3.list_object_versions().bucket(BUCKET).prefix("uploads/").max_keys(2);
    let first = list().send().await.unwrap();
    let versions: Vec<_> = first.versions().iter().map(|one| (one.key().unwrap(), one.version_id())).collect();
    assert_eq!(versions, [("uploads/1", Some("null")), ("uploads/2", Some("null"))]);
    assert_eq!((first.is_truncated(), first.next_key_marker()), (Some(true), Some("uploads/2")));
    let second = list().key_marker("uploads/2").send().await.unwrap();
    assert_eq!((second.versions()[0].key(), second.is_truncated()), (Some("uploads/3"), Some(false)));
    test.s3.delete_object().bucket(BUCKET).key("uploads/3").version_id("null").send().await.unwrap();
    assert!(list().key_marker("uploads/2").send().await.unwrap().versions().is_empty());
}

#[tokio::test]
async fn parts_are_listed_by_pages() {
    let test = Fixture::new().await;
    let id = test.begin("film").await;
    for number in [12, 1, 2] {
        test.part("film", &id, number, TEXT.to_vec()).await;
    }
    let list = |after: Option<&str>| {
        let list = test.s3.list_parts().bucket(BUCKET).key("film").upload_id(&id).max_parts(2);
        list.set_part_number_marker(after.map(ToOwned::to_owned)).send()
    };
    let first = list(None).await.unwrap();
    let numbers: Vec<_> = first.parts().iter().filter_map(aws_sdk_s3::types::Part::part_number).collect();
    assert_eq!(
        (&*numbers, first.is_truncated(), first.next_part_number_marker()),
        (&[1, 2][..], Some(true), Some("2"))
    );
    let second = list(Some("2")).await.unwrap();
    assert_eq!((second.parts()[0].part_number(), second.is_truncated()), (Some(12), Some(false)));
}

#[tokio::test]
async fn unfinished_uploads_are_listed_by_pages() {
    let test = Fixture::new().await;
    let mut begun = Vec::new();
    for key in ["media/x", "uploads/a", "uploads/b", "uploads/c"] {
        begun.push((key.to_owned(), test.begin(key).await));
    }
    let done = test.part("uploads/c", &begun[3].1, 1, TEXT.to_vec()).await;
    test.complete("uploads/c", &begun[3].1, vec![done]).send().await.unwrap();
    let list = || test.s3.list_multipart_uploads().bucket(BUCKET).prefix("uploads/");
    let first = list().max_uploads(1).send().await.unwrap();
    assert_eq!((first.is_truncated(), first.next_key_marker()), (Some(true), Some("uploads/a")));
    assert!(first.uploads()[0].initiated().is_some());
    let (key, id) = (first.next_key_marker().unwrap(), first.next_upload_id_marker().unwrap());
    assert_eq!((key, id), (&*begun[1].0, &*begun[1].1));
    let second = list().key_marker(key).upload_id_marker(id).send().await.unwrap();
    assert_eq!(second.is_truncated(), Some(false));
    let rest: Vec<_> = second.uploads().iter().map(|one| (one.key().unwrap(), one.upload_id().unwrap())).collect();
    assert_eq!(rest, [(&*begun[2].0, &*begun[2].1)]);
}

#[tokio::test]
async fn a_bulk_delete_reports_the_objects_it_cannot_remove() {
    use aws_sdk_s3::types::{Delete, ObjectIdentifier};

    let test = Fixture::new().await;
    for key in ["uploads/1", "uploads/2", "uploads/3"] {
        test.put(key, TEXT.to_vec()).await;
    }
    let remove = |keys: &[&str], quiet: bool| {
        let keys = keys.iter().map(|key| ObjectIdentifier::builder().key(*key).build().unwrap()).collect();
        let delete = Delete::builder().set_objects(Some(keys)).quiet(quiet).build().unwrap();
        test.s3.delete_objects().bucket(BUCKET).delete(delete).send()
    };
    let removed = remove(&["uploads/1", "uploads/none", "../secret"], false).await.unwrap();
    let deleted: Vec<_> = removed.deleted().iter().filter_map(aws_sdk_s3::types::DeletedObject::key).collect();
    assert_eq!(deleted, ["uploads/1", "uploads/none"]);
    assert_eq!((removed.errors()[0].key(), removed.errors()[0].code()), (Some("../secret"), Some("InvalidArgument")));
    let quiet = remove(&["uploads/2"], true).await.unwrap();
    assert!(quiet.deleted().is_empty() && quiet.errors().is_empty());
    let left = test.s3.list_objects_v2().bucket(BUCKET).send().await.unwrap();
    assert_eq!(left.contents().len(), 1);
}
