//! A tower layer that rejects requests without a valid token.

use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use ::http::{HeaderMap, Request, Response, header::AUTHORIZATION};
use serde::de::DeserializeOwned;
use tower_layer::Layer;
use tower_service::Service;

use crate::{Error, Verified, Verifier, bearer_token, response::response};

/// A layer that verifies the bearer token of each request (RFC 6750 §2.1) and adds its claims to
/// the extensions of the request as [`Verified<C>`]. Rejected requests get a complete error
/// response and do not reach the inner service.
pub struct BearerLayer<C> {
    policy: Policy,
    claims: PhantomData<fn() -> C>,
}

/// The middleware of [`BearerLayer`].
pub struct BearerService<S, C> {
    inner: S,
    policy: Policy,
    claims: PhantomData<fn() -> C>,
}

#[derive(Clone, Debug)]
struct Policy {
    verifier: Verifier,
    scopes: &'static [&'static str],
    roles: &'static [&'static str],
}

impl<C> BearerLayer<C> {
    /// Creates a layer that requires a valid token.
    pub fn new(verifier: Verifier) -> Self {
        Self { policy: Policy { verifier, scopes: &[], roles: &[] }, claims: PhantomData }
    }

    /// Requires all of these scopes as well.
    #[must_use]
    pub fn require_scopes(mut self, scopes: &'static [&'static str]) -> Self {
        self.policy.scopes = scopes;
        self
    }

    /// Requires one of these roles as well.
    #[must_use]
    pub fn require_any_role(mut self, roles: &'static [&'static str]) -> Self {
        self.policy.roles = roles;
        self
    }
}

impl Policy {
    async fn verify<C>(&self, headers: &HeaderMap) -> Result<Verified<C>, Error>
    where
        C: DeserializeOwned + Send + Sync + 'static,
    {
        let values = headers.get_all(AUTHORIZATION).iter().map(AsRef::as_ref);
        let token = bearer_token(values)?;
        let verified: Verified<C> = self.verifier.verify(token).await?;
        verified.registered().require_scopes(self.scopes)?;
        verified.registered().require_any_role(self.roles)?;
        Ok(verified)
    }
}

impl<S, C> Layer<S> for BearerLayer<C> {
    type Service = BearerService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        BearerService { inner, policy: self.policy.clone(), claims: PhantomData }
    }
}

impl<S, C, B, R> Service<Request<B>> for BearerService<S, C>
where
    S: Service<Request<B>, Response = Response<R>> + Clone + Send + 'static,
    S::Future: Send,
    C: DeserializeOwned + Send + Sync + 'static,
    B: Send + 'static,
    R: From<String>,
{
    type Response = Response<R>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let policy = self.policy.clone();
        // Only the service that has reported readiness may be called, not a clone of it.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            match policy.verify::<C>(request.headers()).await {
                Ok(verified) => {
                    request.extensions_mut().insert(verified);
                    inner.call(request).await
                }
                Err(error) => Ok(response(&error)),
            }
        })
    }
}

impl<C> Clone for BearerLayer<C> {
    fn clone(&self) -> Self {
        Self { policy: self.policy.clone(), claims: PhantomData }
    }
}

impl<S: Clone, C> Clone for BearerService<S, C> {
    fn clone(&self) -> Self {
        let (inner, policy) = (self.inner.clone(), self.policy.clone());
        Self { inner, policy, claims: PhantomData }
    }
}

impl<C> fmt::Debug for BearerLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BearerLayer").field(&self.policy).finish()
    }
}

impl<S: fmt::Debug, C> fmt::Debug for BearerService<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BearerService").field(&self.inner).field(&self.policy).finish()
    }
}
