//! `POST /v1/users`: invites somebody, who chooses a password by the link that is mailed.

use lyceum::audit::{Changes, audit};
use lyceum::error::Result;
use lyceum::http::{Access, Reply, Request, Route, post};
use lyceum::id::UserId;
use lyceum::identity::Permission;
use lyceum::identity::users::{self, NewUser, User};
use lyceum::{Error, problem};

pub(super) fn route() -> Route {
    post("/v1/users", Access::Needs(Permission::UsersWrite), handler)
        .named("create_user", "Invite somebody by mail")
        .problems(&[&problem::EMAIL_TAKEN, &problem::USERNAME_TAKEN])
}

async fn handler(request: Request<NewUser>) -> Result<Reply<User>> {
    let (new, request) = request.take_body();
    if new.role.is_some() && !request.caller().may(Permission::UsersAssignRole) {
        return Err(Error::forbidden("To choose the role takes the permission users:assign_role."));
    }
    let mut tx = request.write().await?;
    let (user, erased) = users::create(&mut tx, new).await?;
    let changes = Changes::created(&user, &["email", "username", "first_name", "last_name", "role"])?;
    let changes = if erased.is_some() { changes.and("erased_account", erased, None::<UserId>) } else { changes };
    tx.commit(audit("user.create", user.id).changed(changes)).await?;
    Ok(Reply::created(&format!("/v1/users/{}", user.id), user))
}
