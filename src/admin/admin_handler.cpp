#include "admin/admin_handler.h"

#include <utility>

#include "admin/cache_views.h"
#include "admin/dashboard.h"
#include "admin/json_object.h"
#include "admin/ledger_views.h"
#include "admin/request_list.h"
#include "admin/routes.h"
#include "admin/student_curve.h"
#include "admin/task_list.h"
#include "base/log.h"
#include "base/version.h"
#include "json/scan.h"

namespace weir::admin {
namespace {

std::string error_body(std::string_view message) {
    std::string body = R"({"error":{"message":)";
    json::write_string(message, body);
    body += "}}";
    return body;
}

unsigned status_of(ErrorCode code) {
    switch (code) {
        case ErrorCode::invalid:
            return 400;
        case ErrorCode::not_found:
            return 404;
        case ErrorCode::too_large:
            return 413;
        case ErrorCode::unavailable:
            return 503;
        default:
            return 500;
    }
}

std::string headers_of(const AdminReply& reply) {
    return "content-type: " + std::string(reply.content_type) + "\r\n" + reply.header_lines;
}

AdminReply refused(unsigned status, std::string_view message) {
    AdminReply reply{error_body(message)};
    reply.status = status;
    if (status == 401) reply.header_lines = "www-authenticate: Bearer\r\n";
    if (status == 429) reply.header_lines = "retry-after: 60\r\n";
    return reply;
}

std::string session_body(const Identity& identity) {
    std::string body;
    JsonObject object(body);
    object.text("who", identity.who);
    object.text("role", gateway::to_string(identity.role));
    object.text_or_null("csrf", identity.csrf);
    object.flag("open", identity.open);
    object.text("version", kVersion);
    object.end();
    return body;
}

// {"token": "..."}
Result<std::string> parse_token(std::string_view body) {
    std::vector<json::Member> members;
    if (auto read = json::members(body, members); !read) {
        return fail(ErrorCode::invalid, "the body is no JSON object: " + read.error().message);
    }
    for (const json::Member& member : members) {
        std::optional<std::string> token = json::as_string(member.raw(body));
        if (members.size() == 1 && member.key == "token" && token) return std::move(*token);
    }
    return fail(ErrorCode::invalid, R"(the body is {"token": "..."})");
}

}  // namespace

AdminHandler::AdminHandler(gateway::Gateway& gateway, cascade::CacheControl* caches, ConfigDesk* desk,
                           const Alerts* alerts)
    : gateway_(gateway), access_(gateway.clock()), audit_(gateway.routes()->options().data_folder) {
    add_health(routes_, gateway, alerts);
    add_request_list(routes_, gateway);  // before /api/requests/*: live is no id
    add_reading(routes_, gateway);
    add_ledger_views(routes_, gateway);
    add_forecast(routes_, gateway, spending_);
    if (alerts != nullptr) add_alerts(routes_, *alerts);
    add_task_list(routes_, gateway);
    add_keys(routes_, gateway);
    add_budgets(routes_, gateway, budget_forecasts_);
    add_students(routes_, gateway);
    add_student_curve(routes_, gateway);
    add_caches(routes_, caches);
    add_cache_views(routes_, gateway);
    if (desk != nullptr) {
        what_if_ = std::make_unique<WhatIfJobs>(*desk);
        add_config(routes_, *desk, *what_if_);
    }
    add_sessions();
    add_audit();
}

void AdminHandler::add_sessions() {
    const auto told = [](const Identity& identity, std::string header_lines) {
        AdminReply reply{session_body(identity)};
        reply.header_lines = "cache-control: no-store\r\n" + std::move(header_lines);
        return reply;
    };
    routes_.add({"GET", "/api/session", AdminRole::view, RunOn::reactor,
                 [told](const AdminCall& call) -> Result<AdminReply> { return told(call.identity, {}); }});
    routes_.add({"POST", "/api/session", {}, RunOn::reactor, [this, told](const AdminCall& call) -> Result<AdminReply> {
                     const Result<std::string> token = parse_token(call.body);
                     if (!token) {
                         const Refusal no = access_.malformed(token.error().message);
                         return refused(no.status, no.message);
                     }
                     auto signed_in = access_.sign_in(gateway_.routes()->options(), *token);
                     if (const Refusal* const no = std::get_if<Refusal>(&signed_in)) {
                         return refused(no->status, no->message);
                     }
                     const auto& session = std::get<Access::Session>(signed_in);
                     AdminReply reply = told(session.identity, "set-cookie: " + session.cookie + "\r\n");
                     reply.signed_in = session.identity;
                     return reply;
                 }});
    routes_.add({"POST",
                 "/api/session/end",
                 {},
                 RunOn::reactor,
                 [this](const AdminCall& call) -> Result<AdminReply> {
                     AdminReply reply{"{}"};
                     reply.header_lines = "set-cookie: " + access_.sign_out(call.head) + "\r\n";
                     return reply;
                 },
                 false});
}

void AdminHandler::add_audit() {
    routes_.add(
        {"GET", "/api/audit", AdminRole::view, RunOn::gateway_worker, [this](const AdminCall&) -> Result<AdminReply> {
             constexpr std::size_t kMost = 500;
             const Result<std::string> list = audit_.latest(kMost);
             if (!list) return tl::unexpected(list.error());
             return AdminReply{R"({"changes":)" + *list + "}"};
         }});
}

Task<void> AdminHandler::handle(net::Exchange& exchange) {
    const http::RequestHead& head = exchange.head();
    // The pages hold nothing secret and need no token; what they ask for does.
    if (const DashboardFile* const file = find_dashboard_file(head.path())) {
        const DashboardReply page = answer_dashboard(*file, head);
        co_await exchange.respond(page.status, page.header_lines, page.body);
        co_return;
    }
    const RouteTable::Match match = routes_.find(head.method, head.path());
    AdminReply reply;
    if (match.route == nullptr && match.allow.empty()) {
        reply = refused(404, "no such path; there are " + routes_.listed());
    } else if (match.route == nullptr) {
        reply = refused(405, "this path answers " + match.allow + " only");
        reply.header_lines = "allow: " + match.allow + "\r\n";
    } else {
        const Route& route = *match.route;
        const std::shared_ptr<const gateway::Routes> routes = gateway_.routes();
        const gateway::Options& options = routes->options();
        const bool changes = route.method == "POST";
        const bool open_metrics = options.admin_access.open_metrics && route.pattern == "/metrics";
        const auto role = open_metrics ? std::nullopt : route.role;
        const auto known = access_.identify(options, head, exchange.body().size(), role, changes);
        if (const Identity* const identity = std::get_if<Identity>(&known)) {
            const AdminCall call{head, head.path(), exchange.body(), *identity, match.parts};
            co_await run(exchange, route, call);
            co_return;
        }
        const Refusal& refusal = std::get<Refusal>(known);
        reply = refused(refusal.status, refusal.message);
    }
    const std::string headers = headers_of(reply);
    co_await exchange.respond(reply.status, headers, reply.body);
}

// What stands in the audit log of it. Who has no token leaves no more behind than a few failed sign-ins an hour.
std::vector<AuditEntry> AdminHandler::entries_of(const Route& route, const AdminCall& call, const AdminReply& reply,
                                                 std::string_view peer) {
    std::vector<AuditEntry> entries;
    if (route.method != "POST" || !route.logged) return entries;
    const Micros now = gateway_.clock().steady_micros();
    const bool failed_sign_in = !route.role && !reply.signed_in;
    if (failed_sign_in && !failures_.count(now)) return entries;
    AuditEntry entry;
    entry.at_unix_micros = gateway_.clock().unix_micros();
    entry.method = route.method;
    entry.path = call.path;
    if (const std::size_t untold = failures_.take_untold(now); untold > 0) {
        entry.status = 401;
        entry.path = "/api/session";
        entry.said = std::to_string(untold) + " more sign-ins failed before";
        entries.push_back(entry);
        entry.path = call.path;
        entry.said.clear();
    }
    if (!failed_sign_in) {
        const Identity& who = reply.signed_in ? *reply.signed_in : call.identity;
        entry.who = who.who;
        entry.role = gateway::to_string(who.role);
    }
    entry.from = peer;
    entry.status = reply.status;
    if (reply.status >= 400) entry.said = reply.body;
    if (reply.change) {
        entry.before = reply.change->before;
        entry.after = reply.change->after;
    }
    entries.push_back(std::move(entry));
    return entries;
}

// The change is made by then: who revokes a key on a full disk must not be told that it can't be done.
void AdminHandler::append(const std::vector<AuditEntry>& entries) {
    for (const AuditEntry& entry : entries) {
        const auto kept = audit_.append(entry);
        if (kept) continue;
        log_error("the audit log can't be written (" + kept.error().message + "); it lacks: " + entry.method + " " +
                  entry.path + " by " + (entry.who.empty() ? "nobody" : entry.who) + " from " + entry.from +
                  ", status " + std::to_string(entry.status));
    }
}

Task<void> AdminHandler::run(net::Exchange& exchange, const Route& route, const AdminCall& call) {
    AdminReply reply;
    const std::string peer(exchange.peer());
    std::function<void()> work = [&] {
        Result<AdminReply> done = route.answer(call);
        if (done) {
            reply = std::move(*done);
        } else {
            reply = refused(status_of(done.error().code), done.error().message);
        }
    };
    if (route.run_on == RunOn::reactor) {
        work();
    } else {
        Worker& worker = route.run_on == RunOn::admin_worker ? worker_ : gateway_.worker();
        co_await worker.run(gateway_.first_reactor(), std::move(work));
    }
    const std::vector<AuditEntry> entries = entries_of(route, call, reply, peer);
    std::function<void()> log = [&] { append(entries); };
    if (!entries.empty()) co_await gateway_.worker().run(gateway_.first_reactor(), std::move(log));
    const std::string headers = headers_of(reply);
    co_await exchange.respond(reply.status, headers, reply.body);
}

std::string AdminHandler::protocol_error(unsigned, std::string_view problem) {
    return error_body(problem);
}

}  // namespace weir::admin
