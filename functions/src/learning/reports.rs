//! `GET /v1/courses/{course_id}/report`: how a course goes, from the replica when there is one.

use lyceum::catalog::courses::Reference;
use lyceum::error::Result;
use lyceum::function::Grant;
use lyceum::http::{Access, Reply, Request, Route, get};
use lyceum::learning::report::{self, Report};
use lyceum::{Function, problem};

pub const FUNCTION: Function = Function::http("reports", || vec![route()]).may(&[Grant::ReadReplica]);

fn route() -> Route {
    get("/v1/courses/{course_id}/report", Access::SignedIn, handler)
        .named("report_course", "Tell how a course goes: enrolments, completion, where learners stop")
        .problems(&[&problem::FORBIDDEN])
}

async fn handler(request: Request) -> Result<Reply<Report>> {
    let reference = Reference::new(request.path("course_id"));
    // Who may see it is asked of the writer: a right that ended a moment ago has ended.
    let course = report::readable(&mut request.read().await?, &reference).await?;
    let report = request.read_from_replica(|mut read| async move { report::of(&mut read, course).await });
    Ok(Reply::ok(report.await?))
}
