//! Observes the progress of TLS handshakes, which tokio-postgres does not report.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use futures_util::{FutureExt as _, future::BoxFuture};
use tokio_postgres::{
    Socket,
    tls::{MakeTlsConnect, TlsConnect},
};

/// The progress of one handshake.
#[derive(Debug, Default)]
pub(super) struct Handshake {
    has_begun: AtomicBool,
    is_done: AtomicBool,
}

impl Handshake {
    /// Returns whether the handshake has begun but not succeeded.
    pub(super) fn has_failed(&self) -> bool {
        self.has_begun.load(Ordering::Relaxed) && !self.is_encrypted()
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.is_done.load(Ordering::Relaxed)
    }
}

/// A wrapper of `inner` that records the progress of its handshake.
pub(super) struct Observed<T> {
    pub(super) inner: T,
    pub(super) handshake: Arc<Handshake>,
}

impl<T: MakeTlsConnect<Socket>> MakeTlsConnect<Socket> for Observed<T>
where
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send + 'static,
{
    type Stream = T::Stream;
    type TlsConnect = Observed<T::TlsConnect>;
    type Error = T::Error;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Self::TlsConnect, Self::Error> {
        let inner = self.inner.make_tls_connect(domain)?;
        Ok(Observed { inner, handshake: Arc::clone(&self.handshake) })
    }
}

impl<T: TlsConnect<Socket>> TlsConnect<Socket> for Observed<T>
where
    T::Future: Send + 'static,
{
    type Stream = T::Stream;
    type Error = T::Error;
    type Future = BoxFuture<'static, Result<T::Stream, T::Error>>;

    fn connect(self, stream: Socket) -> Self::Future {
        let Self { inner, handshake } = self;
        handshake.has_begun.store(true, Ordering::Relaxed);
        let connecting = inner.connect(stream);
        async move {
            let stream = connecting.await?;
            handshake.is_done.store(true, Ordering::Relaxed);
            Ok(stream)
        }
        .boxed()
    }
}
