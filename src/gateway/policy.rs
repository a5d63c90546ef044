//! Who may do what is decided here and nowhere else, by a pure function that allows what it names
//! and denies the rest.

use super::auth::Principal;
use super::call::{Action, Call};

/// The principal may not do this.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request is made in the name of the connection's own user only")]
pub(super) struct Forbidden;

/// Whether this principal may make this call.
pub(super) fn authorize(principal: &Principal, call: &Call) -> Result<(), Forbidden> {
    let own = |user: &String| user == principal.user.as_str();
    let allowed = match call.action {
        // Content is for every authenticated user; a user that is named must be the own one.
        Action::ListPools
        | Action::GetPool(_)
        | Action::ListExercises(_)
        | Action::GetExercise(_)
        | Action::Launch(_) => call.user.as_ref().is_none_or(own),
        Action::Submit(_) => call.user.as_ref().is_some_and(own),
    };
    if allowed { Ok(()) } else { Err(Forbidden) }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::ids::{ExerciseId, PoolId, UserId};

    fn actions() -> [Action; 6] {
        let exercise = || ExerciseId::parse("e").unwrap();
        let pool = || PoolId::parse("p").unwrap();
        [
            Action::ListPools,
            Action::GetPool(pool()),
            Action::ListExercises(pool()),
            Action::GetExercise(exercise()),
            Action::Launch(exercise()),
            Action::Submit(exercise()),
        ]
    }

    #[test]
    fn a_user_acts_in_the_own_name_only() {
        let principal = Principal::plain(UserId::parse("42").unwrap(), Timestamp::MAX);
        for (user, allowed) in [
            (Some("42"), true),
            (Some("4"), false),
            (Some("421"), false),
            (Some("4 2"), false),
            (Some("*"), false),
            (Some(">"), false),
            (Some("{user_id}"), false),
            (Some(""), false),
        ] {
            for action in actions() {
                let user = user.map(str::to_owned);
                let call = Call { user, action };
                let answer = authorize(&principal, &call);
                assert_eq!(answer.is_ok(), allowed, "{call:?}");
            }
        }
    }

    #[test]
    fn a_submission_names_its_user() {
        let principal = Principal::plain(UserId::parse("42").unwrap(), Timestamp::MAX);
        for action in actions() {
            let submits = matches!(action, Action::Submit(_));
            let call = Call { user: None, action };
            assert_eq!(authorize(&principal, &call).is_err(), submits, "{call:?}");
        }
    }
}
