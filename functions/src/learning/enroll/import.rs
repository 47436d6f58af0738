//! `POST /v1/courses/{course_id}/enrollments/import`: enrols a list of people, all or none of them at once; done
//! again, it enrols nobody twice.

use http::StatusCode;
use lyceum::catalog::courses::{self, Reference};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::input::Csv;
use lyceum::learning::importing::{self, ImportedLine};
use lyceum::page::Page;
use lyceum::problem;

pub(super) fn route() -> Route {
    post("/v1/courses/{course_id}/enrollments/import", Access::SignedIn, handler)
        .named("import_enrollments", "Enrol a list of emails, and tell what became of each line")
        .answers(&[StatusCode::OK])
        .problems(&[&problem::FORBIDDEN, &problem::NOT_ENROLLABLE])
}

async fn handler(request: Request<Csv>) -> Result<Reply<Page<ImportedLine>>> {
    let mut tx = request.write().await?;
    let course = courses::held(&mut tx, &Reference::new(request.path("course_id"))).await?;
    let (lines, done) = importing::import(&mut tx, &course, &request.body).await?;
    tx.commit_each(&done).await?;
    Ok(Reply::ok(Page::complete(lines)))
}
