//! Routes that take files: each example is sent as a file of its media type, and as what it is not.

use super::*;

impl Walk {
    /// The media types of which the operation has an example.
    pub(super) fn media(&self, operation: &str) -> Vec<String> {
        let example = self.examples[operation].as_object().expect("one for each media type");
        example.keys().cloned().collect()
    }

    /// Sends every example of a file; what the last was answered.
    pub(super) async fn sends(&mut self, member: &Member, desk: &Desk, operation: &str) -> Value {
        let mut answered = Value::Null;
        for nth in 0..self.media(operation).len() {
            answered = self.sends_nth(member, desk, operation, nth).await;
        }
        answered
    }

    /// Sends one of them: by somebody who has no part in the case, as another kind of file, broken, and then as it is.
    pub(super) async fn sends_nth(&mut self, member: &Member, desk: &Desk, operation: &str, nth: usize) -> Value {
        let media = self.media(operation).remove(nth);
        let (method, route, described) = self.routes[operation].clone();
        assert!(!described["requestBody"]["content"][&media]["example"].is_null(), "{operation} shows no {media}");
        let path = self.filled(&route);
        let file = match self.example(operation).expect("an example").get(&media).expect("of this type") {
            Value::String(text) => text.clone(),
            object => object.to_string(),
        };
        let version = desk.read(path.strip_suffix("/content").unwrap_or(&path)).await.etag;
        let send = async |desk: &Desk, media: &str, file: &str| match method {
            Method::PUT => desk.file(&path, version.as_deref(), media, file).await,
            _ => desk.send_file(&path, media, file.to_owned()).await,
        };
        if OF_A_CASE.iter().any(|it| route.contains(it)) {
            let stranger = member.desk(AccessRole::Operator).await;
            assert_eq!(send(&stranger, &media, &file).await.refused(403), "outside_case", "{operation}");
        }
        assert_eq!(send(desk, "application/zip", &file).await.refused(415), "unsupported_media_type", "{operation}");
        let broken = send(desk, &media, &file[..file.len() / 2]).await;
        assert!((400..500).contains(&broken.status) || broken.body["refused"] == 1, "{operation}: {}", broken.body);
        let before = left(member, own_id(desk).await).await;
        let answer = send(desk, &media, &file).await;
        let documented = described["responses"].get(answer.status.to_string()).is_some();
        assert!((200..300).contains(&answer.status) && documented, "{operation}: {} {}", answer.status, answer.body);
        let noted = left(member, own_id(desk).await).await > before;
        assert!(noted, "{operation} leaves nothing in the journal: {}", answer.body);
        self.done.insert(operation.to_owned());
        self.keep(operation, &answer);
        answer.body
    }
}
