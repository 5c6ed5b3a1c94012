//! The desk's list of tasks, over the verbs of `tasks`.

use std::collections::BTreeMap;

use actix_web::web::Data;
use actix_web::{get, post};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::id::EntityId;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Embed, Fields, Json, NoContent, Page, PageParams, Path, Query, Whose, WithPerson};
use crate::access::Allowed;
use crate::access::acts::{DoTasks, ReadTasks};
use crate::error::Result;
use crate::peers::Peers;
use crate::store::{Conn, Store, Tx};
use crate::tasks::{self, By, Channel, Kind, TaskRow};
use crate::web::Routes;

type Key = (DateTime<Utc>, Uuid);

/// The address book above, asked for the offices of a member and of its organisation.
#[derive(Debug, Clone, Copy)]
pub struct AddressBook(pub fn(&mut Conn, &EntityId, &[String]) -> Result<Vec<Channel>>);

/// The routes, below the desk's base.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(list_tasks).service(finish_task);
}

/// Which of them.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct TaskQuery {
    /// Whether those that are done are listed too; only open ones if absent.
    #[param(nullable = false)]
    done: Option<bool>,
}

/// Something that the node cannot mend by itself.
#[derive(Serialize, ToSchema)]
struct DeskTask {
    /// Its id.
    id: Uuid,
    /// What there is to be done.
    kind: Kind,
    /// About what: the id of a message, a recall or a letter, a partner's entity id, or the id of a request, a `/`, and who is
    /// to be told: an entity id, or `office:` and an id of the address book.
    #[schema(max_length = 300)]
    object: String,
    /// With which partner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    peer: Option<EntityId>,
    /// Its organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 200)]
    organisation_name: Option<String>,
    /// How it is reached other than through its node.
    #[schema(max_items = 200)]
    channels: Vec<Channel>,
    /// The case, where it is about a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    case: Option<Uuid>,
    /// What happened: a code, or the type of a message.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 200)]
    code: Option<String>,
    /// Since when.
    opened_at: DateTime<Utc>,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    done_at: Option<DateTime<Utc>>,
    /// By whom; absent where it mended by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    done_by: Option<Uuid>,
}

/// Tasks, the oldest first.
#[derive(Serialize, ToSchema)]
struct DeskTaskList {
    items: Vec<DeskTask>,
    /// What to ask with for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// A partner, and the other ways to it.
type Reached = BTreeMap<EntityId, (String, Vec<Channel>)>;

fn reached(conn: &mut Conn, peers: &Peers, book: AddressBook, tasks: &[TaskRow]) -> Result<Reached> {
    let mut reached = Reached::new();
    for peer in tasks.iter().filter_map(|task| task.peer.as_ref()) {
        if reached.contains_key(peer) {
            continue;
        }
        let Some(known) = peers.known(conn, peer)? else { continue };
        let contact = |address: &String| Channel { office: None, by: By::Contact, address: address.clone() };
        let mut channels: Vec<Channel> = known.contacts().iter().map(contact).collect();
        channels.extend((book.0)(conn, peer, &known.organisation_ids())?);
        reached.insert(peer.clone(), (known.organisation_name().to_owned(), channels));
    }
    Ok(reached)
}

fn shown(task: TaskRow, reached: &Reached) -> DeskTask {
    let (organisation_name, channels) = task.peer.as_ref().and_then(|peer| reached.get(peer)).cloned().unzip();
    DeskTask {
        id: task.id,
        kind: task.kind,
        object: task.object,
        peer: task.peer,
        organisation_name,
        channels: channels.unwrap_or_default(),
        case: task.case,
        code: task.code,
        opened_at: task.opened_at,
        done_at: task.done_at,
        done_by: task.done_by,
    }
}

/// Lists what the node asks somebody to see to.
///
/// The caller's own: operators those of their cases and of cases that nobody has taken up, whoever answers for them all
/// of theirs, the data protection officer and the administrator those of their office. The oldest first, with the ways
/// to reach the partner other than through its node.
#[utoipa::path(tag = "tasks", params(TaskQuery, PageParams, Fields<DeskTask>, Embed<WithPerson>),
    responses((status = 200, description = "A page of tasks.", body = DeskTaskList)))]
#[get("/tasks")]
async fn list_tasks(
    staff: Allowed<ReadTasks>,
    store: Data<Store>,
    (peers, book): (Data<Peers>, Data<AddressBook>),
    Query(query): Query<TaskQuery>,
    page: Page<Key>,
    fields: Fields<DeskTask>,
    embed: Embed<WithPerson>,
) -> Result<Json<Value>> {
    let embed = embed.by(&staff)?;
    let limit = page.limit as usize;
    let (staff, after, rows, done) = (staff.staff(), page.after, page.rows(), query.done.unwrap_or(false));
    let (peers, book) = (peers.get_ref().clone(), **book);
    let act = move |tx: &mut Tx<'_>| {
        let found = tasks::list(tx, &staff, done, after, rows)?;
        let reached = reached(tx.conn(), &peers, book, &found)?;
        let whose = |task: &TaskRow| Whose { person: task.case, ..Whose::default() };
        let brought = embed.bring(tx, found.iter().take(limit).map(whose))?;
        Ok((found, reached, brought))
    };
    let (found, reached, brought) = store.write(act).await?;
    let (found, next_cursor) = page.cut(found, |task| (task.opened_at, task.id))?;
    let items = found.into_iter().map(|task| shown(task, &reached)).collect();
    Ok(Json::ok(brought.put(fields.of(DeskTaskList { items, next_cursor })?)?))
}

/// Says that a task is done.
///
/// For whoever is shown it, and about a person only by who works on her case.
#[utoipa::path(tag = "tasks", params(("task" = Uuid, Path, description = "The task.")),
    responses((status = 204, description = "It is done."),
              (status = 409, description = "It was done already.")))]
#[post("/tasks/{task}/done")]
async fn finish_task(staff: Allowed<DoTasks>, store: Data<Store>, Path(task): Path<Uuid>) -> Result<NoContent> {
    let staff = staff.staff();
    store.write(move |tx| tasks::finish(tx, &staff, task)).await?;
    Ok(NoContent)
}
