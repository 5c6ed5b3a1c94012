//! A network: its authority and its members, on one kind of database.

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_node::authority::Invite;
use staffetta_node::clock::Clock;
use staffetta_node::journal::Actor;
use staffetta_node::store::scratch::{self, Scratch};
use staffetta_protocol::trust::{Role, Roles, Standing};

use crate::Member;

/// How many times round all nodes a message and its consequences may take.
const ROUNDS: usize = 6;

/// A network under one clock.
#[derive(Debug)]
pub struct Federation {
    /// The time of every node.
    pub clock: Clock,
    /// The network authority.
    pub authority: Member,
    make: fn(Clock) -> Scratch,
}

/// Runs a story once on SQLite and once on PostgreSQL, each node on a database of its own.
pub async fn on_each_database<F: Future<Output = ()>>(story: impl Fn(Federation) -> F) {
    for make in scratch::KINDS.iter().copied() {
        let clock = scratch::clock();
        let authority =
            Member::start(make(clock.clone()), "Rete di prova", None, Roles::from([Role::Authority]), &[]).await;
        story(Federation { clock, authority, make }).await;
    }
}

/// Runs a story on what several processes may serve from: PostgreSQL alone. It begins at `at`.
pub async fn on_servers<F: Future<Output = ()>>(at: DateTime<Utc>, story: impl Fn(Federation) -> F) {
    for make in scratch::KINDS.iter().copied().skip(1) {
        let clock = Clock::set(at);
        let authority =
            Member::start(make(clock.clone()), "Rete di prova", None, Roles::from([Role::Authority]), &[]).await;
        story(Federation { clock, authority, make }).await;
    }
}

impl Federation {
    /// A node that has not joined.
    pub async fn stranger(&self, label: &str, role: Role, id: &str) -> Member {
        let scratch = (self.make)(self.clock.clone());
        Member::start(scratch, label, Some(self.authority.id()), Roles::from([role]), &[id]).await
    }

    /// A node that was invited and has joined.
    pub async fn member(&self, label: &str, role: Role, id: &str) -> Member {
        let member = self.stranger(label, role, id).await;
        self.join(member, label, role, id).await
    }

    /// A node that nobody can call, and that has joined.
    pub async fn hidden(&self, label: &str, role: Role, id: &str) -> Member {
        let scratch = (self.make)(self.clock.clone());
        let member = Member::hidden(scratch, label, self.authority.id(), Roles::from([role]), &[id]).await;
        let member = self.join(member, label, role, id).await;
        self.clock.advance(TimeDelta::seconds(2));
        member.node.peers().deposit_configuration().await.expect("the authority takes the configuration");
        member
    }

    async fn join(&self, member: Member, label: &str, role: Role, id: &str) -> Member {
        let authority = self.authority.node.authority().expect("the authority node has the authority's room");
        let invite = Invite {
            roles: Roles::from([role]),
            organisation_id: Some(id.to_owned()),
            organisation_name: Some(label.to_owned()),
            automatic: true,
            agreement_until: self.clock.now() + TimeDelta::days(700),
            valid_for: TimeDelta::days(7),
        };
        let code = authority.invite(Actor::System, invite).await.expect("an invitation");
        let peers = member.node.peers();
        let anchor = peers.first_contact().await.expect("the authority answers");
        let admission = peers.join(Actor::System, anchor, &code, "ufficio@partner.example").await.expect("admission");
        assert_eq!(admission.state, Standing::Active);
        member
    }

    /// A reception centre.
    pub async fn centre(&self) -> Member {
        self.member("Centro Il Ponte", Role::ReceptionCentre, "vat:01234567897").await
    }

    /// A job centre.
    pub async fn cpi(&self) -> Member {
        self.member("CPI Prato", Role::Cpi, "ipa:cpi_po").await
    }

    /// Lets every node send what is due until nothing more follows from it.
    pub async fn pump(&self, members: &[&Member]) {
        for _ in 0..ROUNDS {
            for member in members {
                member.pump().await;
            }
        }
    }

    /// Lets time pass.
    pub fn wait(&self, step: TimeDelta) {
        self.clock.advance(step);
    }

    /// The date of a day from now, as JSON writes it.
    pub fn day(&self, days: i64) -> String {
        (self.clock.now() + TimeDelta::days(days)).with_timezone(&Utc).date_naive().to_string()
    }
}
