//! Where rooms put their operations: one description of the routes, for whoever serves them and whoever tells of them.

use std::fmt;

use actix_web::dev::HttpServiceFactory;
use actix_web::web::{ServiceConfig, scope};
use utoipa::openapi::path::{PathItem, Paths};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{Components, OpenApi, OpenApiBuilder, RefOr};
use utoipa_actix_web::OpenApiFactory;

/// The operations of a room, and of those within it.
///
/// Each worker of a server mounts them, and nothing is described then: the shapes of every request and answer of a node
/// are some 60 MiB while they are put together, which is done for a document and for nothing else.
pub struct Routes<'a>(To<'a>);

enum To<'a> {
    Mounted(&'a mut ServiceConfig),
    Told { base: String, to: &'a mut dyn FnMut(&str, &dyn OpenApiFactory) },
}

impl fmt::Debug for Routes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Routes")
    }
}

impl<'a> Routes<'a> {
    /// Mounts the operations where requests find them.
    pub fn mounting(config: &'a mut ServiceConfig) -> Self {
        Self(To::Mounted(config))
    }

    /// Tells `to` of each operation, with the path that its own is below.
    fn telling(to: &'a mut dyn FnMut(&str, &dyn OpenApiFactory)) -> Self {
        Self(To::Told { base: String::new(), to })
    }

    /// One operation.
    pub fn service(&mut self, operation: impl HttpServiceFactory + OpenApiFactory + 'static) -> &mut Self {
        match &mut self.0 {
            To::Mounted(config) => {
                config.service(operation);
            }
            To::Told { base, to } => to(base, &operation),
        }
        self
    }

    /// The operations of a room.
    pub fn configure(&mut self, room: impl FnOnce(&mut Routes<'_>)) -> &mut Self {
        room(self);
        self
    }

    /// The operations of `rooms` below `base`, behind what `behind` puts before them.
    pub fn below<S: HttpServiceFactory + 'static>(
        &mut self,
        base: &str,
        rooms: impl FnOnce(&mut Routes<'_>),
        behind: impl FnOnce(actix_web::Scope) -> S,
    ) -> &mut Self {
        match &mut self.0 {
            To::Mounted(config) => {
                let mounted = scope(base).configure(|config| rooms(&mut Routes::mounting(config)));
                config.service(behind(mounted));
            }
            To::Told { base: above, to } => rooms(&mut Routes(To::Told { base: format!("{above}{base}"), to: *to })),
        }
        self
    }
}

/// Tells of the operations of `rooms` one after the other, each with its number and its full path, without the shapes that
/// it names.
pub(crate) fn each_operation(rooms: fn(&mut Routes<'_>), mut with: impl FnMut(usize, String, PathItem)) {
    let mut nth = 0;
    rooms(&mut Routes::telling(&mut |base, operation| {
        for (path, item) in operation.paths().paths {
            with(nth, format!("{base}{path}"), item);
        }
        nth += 1;
    }));
}

/// The shapes that one operation names, by its number.
pub(crate) fn schemas_of(rooms: fn(&mut Routes<'_>), wanted: usize) -> Vec<(String, RefOr<Schema>)> {
    let (mut nth, mut named) = (0, Vec::new());
    rooms(&mut Routes::telling(&mut |_, operation| {
        if nth == wanted {
            operation.schemas(&mut named);
        }
        nth += 1;
    }));
    named
}

/// The document of `rooms` with full paths.
pub(crate) fn collected(rooms: fn(&mut Routes<'_>)) -> OpenApi {
    let (mut paths, mut components) = (Paths::new(), Components::new());
    rooms(&mut Routes::telling(&mut |base, operation| {
        for (path, item) in operation.paths().paths {
            let mut one = Paths::new();
            one.paths.insert(format!("{base}{path}"), item);
            paths.merge(one);
        }
        let mut named = Vec::new();
        operation.schemas(&mut named);
        for (name, schema) in named {
            let known = components.schemas.get(&name).is_none_or(|known| *known == schema);
            debug_assert!(known, "two schemas are called {name}");
            components.schemas.insert(name, schema);
        }
    }));
    OpenApiBuilder::new().paths(paths).components(Some(components)).build()
}
