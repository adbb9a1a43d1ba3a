// What can be asked at the admin address: a table of routes, each with who may ask and where the work is done.
// Thread rule: the table is made once, before the first request; `answer` runs where its route says.
// Limits: none of its own; bodies are bounded by the server, answers by those who write them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gateway/options.h"
#include "http/head.h"

namespace weir::admin {

using gateway::AdminRole;

// Who asks.
struct Identity {
    std::string who = "local";  // as the configuration names the token's owner
    AdminRole role = AdminRole::operate;
    bool open = true;  // no token is asked for here
    std::string csrf;  // of a session by cookie, which has to come with every change
};

struct AdminCall {
    const http::RequestHead& head;
    std::string_view path;
    std::string_view body;
    const Identity& identity;

    // What stands in the path for the n-th '*' of the route's pattern.
    std::vector<std::string_view> parts;
};

// What was changed, for the audit log: JSON values, empty where there is none.
struct Change {
    std::string before, after;
};

struct AdminReply {
    std::string body;
    std::string_view content_type = "application/json";
    std::string header_lines = {};  // more of them
    std::optional<Change> change = {};
    unsigned status = 200;
    std::optional<Identity> signed_in = {};  // who asks from now on, where that was nobody before
};

enum class RunOn : std::uint8_t {
    reactor,         // pure computation, microseconds
    admin_worker,    // waits for the disk or takes long
    gateway_worker,  // changes what only that thread may
};

struct Route {
    std::string_view method;        // GET also answers HEAD
    std::string_view pattern;       // "/api/keys/*/revoke": each '*' is one segment, not empty
    std::optional<AdminRole> role;  // who may ask at least; nothing: anybody, without a token
    RunOn run_on = RunOn::reactor;
    std::function<Result<AdminReply>(const AdminCall& call)> answer;
    bool logged = true;  // a change; stands in the audit log
};

class RouteTable {
  public:
    void add(Route route);

    struct Match {
        const Route* route = nullptr;
        std::vector<std::string_view> parts;
        std::string allow;  // without a route: the methods that this path has; empty: there is no such path
    };
    Match find(std::string_view method, std::string_view path) const;
    // "GET /api/keys, POST /api/keys, ..."
    std::string listed() const;

  private:
    std::vector<Route> routes_;
};

}  // namespace weir::admin
