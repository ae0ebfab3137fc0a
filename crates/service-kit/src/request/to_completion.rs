//! Runs requests to completion.

use std::{
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::rt;
use futures_util::{FutureExt as _, future::CatchUnwind};

/// Error for work that has panicked. The panic hook has already logged the panic.
#[derive(Debug, thiserror::Error)]
#[error("panicked")]
pub(super) struct Panicked;

/// A future that, if it is dropped before it has ended, continues as a separate task.
///
/// Starting a task only then, and not for every request, saves CPU time; see
/// `docs/decisions/0008-requests-without-a-task-of-their-own.md`.
pub(super) struct ToCompletion<F: Future<Output: 'static> + 'static>(
    Option<Pin<Box<CatchUnwind<AssertUnwindSafe<F>>>>>,
);

pub(super) fn to_completion<F: Future<Output: 'static> + 'static>(work: F) -> ToCompletion<F> {
    ToCompletion(Some(Box::pin(AssertUnwindSafe(work).catch_unwind())))
}

impl<F: Future<Output: 'static> + 'static> Future for ToCompletion<F> {
    type Output = Result<F::Output, Panicked>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(work) = &mut self.0 else { return Poll::Pending };
        let outcome = ready!(work.as_mut().poll(cx));
        self.0 = None;
        Poll::Ready(outcome.map_err(|_panic| Panicked))
    }
}

impl<F: Future<Output: 'static> + 'static> Drop for ToCompletion<F> {
    fn drop(&mut self) {
        if let Some(rest) = self.0.take() {
            rt::spawn(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, task::Poll};

    use tokio::sync::oneshot;

    use super::*;

    #[actix_web::test]
    async fn work_that_is_dropped_continues() {
        let (go_on, wait) = oneshot::channel();
        let (done, is_done) = oneshot::channel();
        let mut work = to_completion(async move {
            wait.await.unwrap();
            done.send(()).unwrap();
        });
        poll_fn(|cx| Poll::Ready(work.poll_unpin(cx).is_pending())).await;
        drop(work);
        go_on.send(()).unwrap();
        is_done.await.unwrap();
    }

    #[actix_web::test]
    async fn work_that_is_dropped_before_it_has_begun_is_done() {
        let (done, is_done) = oneshot::channel();
        drop(to_completion(async move { done.send(()).unwrap() }));
        is_done.await.unwrap();
    }

    #[actix_web::test]
    async fn a_panic_is_an_error() {
        assert_eq!(to_completion(async { 1 }).await.unwrap(), 1);
        let outcome = to_completion(async { panic!("a test") }).await;
        assert!(matches!(outcome, Err::<(), _>(Panicked)));
    }
}
