//! A web server of a few lines that can be told to fail.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// What the server does with a request for a path.
#[derive(Clone)]
pub enum Answer {
    /// The bytes, whole.
    Whole(Vec<u8>),
    /// The bytes announced, but only so many sent.
    Cut(Vec<u8>, usize),
    /// As `Cut`, without announcing the length.
    CutUnannounced(Vec<u8>, usize),
}

/// Answers requests on a free local port until the process ends.
pub struct Server {
    /// `http://127.0.0.1:port/`
    pub base: String,
    answers: Arc<Mutex<Vec<(String, Answer)>>>,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Self {
            base: format!("http://{}/", listener.local_addr().unwrap()),
            answers: Arc::default(),
            requests: Arc::default(),
        };
        let (answers, requests) = (server.answers.clone(), server.requests.clone());
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let mut line = String::new();
                let mut reader = BufReader::new(&stream);
                reader.read_line(&mut line).unwrap_or_default();
                let path = line.split(' ').nth(1).unwrap_or("/")[1..].to_owned();
                while reader.read_line(&mut line).is_ok_and(|n| n > 2) {}
                requests.lock().unwrap().push(path.clone());
                let found = answers.lock().unwrap().iter().find(|(own, _)| *own == path).cloned();
                reply(&stream, found.map(|(_, answer)| answer));
            }
        });
        server
    }

    pub fn serve(&self, path: &str, answer: Answer) {
        let mut answers = self.answers.lock().unwrap();
        answers.retain(|(own, _)| own != path);
        answers.push((path.to_owned(), answer));
    }

    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// A client that hangs up early is no failure of the server.
fn reply(mut stream: &TcpStream, answer: Option<Answer>) {
    let (head, body) = match answer {
        None => ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n".to_owned(), Vec::new()),
        Some(Answer::Whole(bytes)) => {
            (format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", bytes.len()), bytes)
        }
        Some(Answer::Cut(bytes, n)) => {
            (format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n", bytes.len()), bytes[..n].to_vec())
        }
        Some(Answer::CutUnannounced(bytes, n)) => {
            ("HTTP/1.1 200 OK\r\n".to_owned(), bytes[..n].to_vec())
        }
    };
    let _ = write!(stream, "{head}Connection: close\r\n\r\n");
    let _ = stream.write_all(&body);
}
