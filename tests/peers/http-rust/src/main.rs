// The Rust peer of the end-to-end tests: the endpoints of tests/peers/README.md on hyper. Usage: http-rust PORT
use hyper::service::{make_service_fn, service_fn};
use hyper::{Body, Method, Request, Response, Server, StatusCode};
use std::convert::Infallible;
use std::time::Duration;

const LARGE_SIZE: usize = 1 << 20;

fn fixed(status: u16, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    response
}

// "200ms" or "1s".
fn duration(text: &str) -> Duration {
    if let Some(number) = text.strip_suffix("ms") {
        Duration::from_millis(number.parse().unwrap_or(0))
    } else {
        Duration::from_secs(text.trim_end_matches('s').parse().unwrap_or(0))
    }
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|pair| pair.0 == name).map(|pair| pair.1)
}

fn chunked() -> Response<Body> {
    let (mut sender, body) = Body::channel();
    tokio::spawn(async move {
        for i in 0..3 {
            if sender.send_data(format!("chunk-{}\n", i).into()).await.is_err() {
                return;
            }
        }
    });
    Response::new(body)
}

async fn answer(request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let path = request.uri().path().to_string();
    let query = request.uri().query().unwrap_or("").to_string();
    let is_post = request.method() == Method::POST;
    let body = hyper::body::to_bytes(request.into_body()).await.unwrap_or_default();
    if let Some(delay) = parameter(&query, "delay") {
        tokio::time::sleep(duration(delay)).await;
    }
    if let Some(status) = parameter(&query, "status") {
        return Ok(fixed(status.parse().unwrap_or(400), format!("{}\n", status)));
    }
    if let Some(status) = path.strip_prefix("/status/") {
        return Ok(fixed(status.parse().unwrap_or(400), format!("{}\n", status)));
    }
    if let Some(delay) = path.strip_prefix("/delay/") {
        tokio::time::sleep(duration(delay)).await;
        return Ok(fixed(200, "hello\n"));
    }
    Ok(match path.as_str() {
        "/hello" => fixed(200, "hello\n"),
        "/post" => fixed(200, ""),
        "/echo" if is_post => fixed(200, body),
        "/chunked" => chunked(),
        "/large" => fixed(200, vec![b'x'; LARGE_SIZE]),
        _ => fixed(404, "404\n"),
    })
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let port = std::env::args().nth(1).and_then(|text| text.parse().ok()).expect("usage: http-rust PORT");
    let service = make_service_fn(|_| async { Ok::<_, Infallible>(service_fn(answer)) });
    Server::bind(&([127, 0, 0, 1], port).into()).serve(service).await.expect("serve");
}
