//! tonic: gRPC. Clones of a channel share a connection, so each test connects for itself.
//!
//! Messages, client and service are what tonic's build script would make of a `.proto` file.

use std::convert::Infallible;
use std::process::ExitCode;

use paceline_rpc::{Ctx, Failure, Harness, InProcess, TestResult, ensure_eq};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::body::Body;
use tonic::client::Grpc;
use tonic::codegen::{BoxFuture, Context, Poll, Service, http};
use tonic::server::{NamedService, UnaryService};
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Code, Request, Response, Status};
use tonic_prost::ProstCodec;

#[tokio::main]
async fn main() -> ExitCode {
    let server = InProcess::new(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let serving = Server::builder()
            .add_service(Greeter)
            .serve_with_incoming(TcpListenerStream::new(listener));
        let task = tokio::spawn(async move {
            // It ends when it is stopped.
            let _ = serving.await;
        });
        let connect = move || {
            let url = url.clone();
            async move { Endpoint::from_shared(url)?.connect().await }
        };
        Ok((connect, task))
    });
    Harness::new(server)
        .test("greets by name", greets)
        .parallel()
        .test("does not greet nobody", |cx| async move {
            let answer = hello(&cx, "").await;
            let status = answer.err().ok_or_else(|| Failure::new("it greeted"))?;
            ensure_eq!(status.code(), Code::InvalidArgument);
            Ok(())
        })
        .parallel()
        .main()
        .await
}

async fn greets(cx: Ctx<Channel>) -> TestResult {
    ensure_eq!(hello(&cx, "Ada").await?, "Hello, Ada");
    Ok(())
}

async fn hello(cx: &Ctx<Channel>, name: &str) -> Result<String, Status> {
    // Within a test the connection may well be shared.
    let mut client = Grpc::new(cx.client().clone());
    let ready = client.ready().await;
    ready.map_err(|error| Status::unavailable(error.to_string()))?;
    let path = http::uri::PathAndQuery::from_static("/greeter.Greeter/Hello");
    let request = Request::new(Name {
        name: name.to_owned(),
    });
    let codec = ProstCodec::<Name, Greeting>::default();
    let answer: Response<Greeting> = client.unary(request, path, codec).await?;
    Ok(answer.into_inner().text)
}

#[derive(Clone, PartialEq, prost::Message)]
struct Name {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Greeting {
    #[prost(string, tag = "1")]
    text: String,
}

#[derive(Clone)]
struct Greeter;

impl NamedService for Greeter {
    const NAME: &'static str = "greeter.Greeter";
}

impl Service<http::Request<Body>> for Greeter {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            let mut grpc = tonic::server::Grpc::new(ProstCodec::<Greeting, Name>::default());
            Ok(grpc.unary(Hello, request).await)
        })
    }
}

struct Hello;

impl UnaryService<Name> for Hello {
    type Response = Greeting;
    type Future = BoxFuture<Response<Greeting>, Status>;

    fn call(&mut self, request: Request<Name>) -> Self::Future {
        let name = request.into_inner().name;
        Box::pin(async move {
            if name.is_empty() {
                return Err(Status::invalid_argument("nobody"));
            }
            let text = format!("Hello, {name}");
            Ok(Response::new(Greeting { text }))
        })
    }
}
