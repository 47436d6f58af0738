//! `PUT` and `DELETE /v1/lessons/{lesson_id}/completion`: complete a lesson, and take it back.

use lyceum::audit::{Changes, audit};
use lyceum::catalog::lessons;
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, delete, put};
use lyceum::learning::completions::{self, Completed, Completion, Notes};
use lyceum::learning::enrollments::Enrollment;
use lyceum::{Function, problem};
use serde::Serialize;
use utoipa::ToSchema;

pub const FUNCTION: Function = Function::http("complete-lesson", routes);

fn routes() -> Vec<Route> {
    vec![
        put("/v1/lessons/{lesson_id}/completion", Access::SignedIn, complete)
            .named("complete_lesson", "Complete a lesson; again, it changes time and notes only")
            .problems(&[&problem::FORBIDDEN]),
        delete("/v1/lessons/{lesson_id}/completion", Access::SignedIn, take_back)
            .named("uncomplete_lesson", "Take a completion back, while the course is not completed")
            .problems(&[&problem::FORBIDDEN, &problem::COURSE_COMPLETED]),
    ]
}

#[derive(Debug, Serialize, ToSchema)]
pub struct CompletionAnswer {
    pub completion: Completion,
    pub enrollment: Enrollment,
}

async fn complete(request: Request<Notes>) -> Result<Reply<CompletionAnswer>> {
    let mut tx = request.write().await?;
    let lesson = lessons::held(&mut tx, request.id("lesson_id")?).await?;
    let Completed { completion, enrollment, first, changes } =
        completions::complete(&mut tx, &lesson, &request.body).await?;
    let action = if first { "lesson_completion.create" } else { "lesson_completion.update" };
    tx.commit_changes(audit(action, completion.id), changes).await?;
    Ok(Reply::ok(CompletionAnswer { completion, enrollment }))
}

async fn take_back(request: Request) -> Result<Reply> {
    let mut tx = request.write().await?;
    let lesson = lessons::held(&mut tx, request.id("lesson_id")?).await?;
    match completions::take_back(&mut tx, &lesson).await? {
        Some(completion) => {
            let taken = Changes::field("lesson_id", lesson.id, None::<()>);
            tx.commit(audit("lesson_completion.delete", completion).changed(taken)).await?;
        }
        None => tx.commit_unaudited("there was nothing to take back").await?,
    }
    Ok(Reply::no_content())
}
