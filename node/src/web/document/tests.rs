use super::*;
use crate::web::tests::ROOMS;

#[test]
fn paths_are_relative_to_the_server_of_their_document() {
    let document = desk(ROOMS);
    assert_eq!(document.servers.as_ref().unwrap()[0].url, "https://nodo.example/rest/staffetta/v1/desk");
    assert!(document.paths.paths.contains_key("/staff/{staff}"));
    assert!(document.paths.paths["/status"].servers.is_none());
}

#[test]
fn a_path_below_another_base_names_its_own_server() {
    let mut document = OpenApi::default();
    for path in
        ["/rest/staffetta/v1/exchange/messages", "/.well-known/openid-federation", "/rest/staffetta/v1/network/members"]
    {
        document.paths.paths.insert(path.to_owned(), PathItem::default());
    }
    relative(&mut document, EXCHANGE);
    let server = |path: &str| document.paths.paths[path].servers.as_ref().map(|servers| servers[0].url.clone());
    assert_eq!(server("/messages"), None);
    assert_eq!(server("/openid-federation").unwrap(), "https://nodo.example/.well-known");
    assert_eq!(server("/members").unwrap(), "https://nodo.example/rest/staffetta/v1/network");
}

#[test]
fn of_the_desk_only_the_status_and_the_door_are_public() {
    let open = ["/session POST", "/session/oidc POST", "/session/oidc/callback GET", "/status GET", "/tokens POST"];
    for (path, item) in &desk(ROOMS).paths.paths {
        for (method, operation) in operations(item) {
            let public = operation.security.as_ref().is_some_and(Vec::is_empty);
            let named = format!("{path} {method}");
            assert_eq!(public, open.contains(&named.as_str()), "{named}");
        }
    }
}

#[test]
fn the_methods_of_a_route_are_known_by_its_full_path() {
    let methods = Known::of(ROOMS).methods;
    assert_eq!(methods["/rest/staffetta/v1/desk/staff"], "GET, POST");
    assert_eq!(methods["/rest/staffetta/v1/exchange/status"], "GET");
}
