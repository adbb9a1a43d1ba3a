#include "admin/routes.h"

#include "admin/admin_handler.h"
#include "admin/budget_requests.h"
#include "admin/cache_requests.h"
#include "admin/json_object.h"
#include "admin/key_requests.h"
#include "admin/request_list.h"
#include "admin/student_requests.h"

namespace weir::admin {
namespace {

using Reply = Result<AdminReply>;

Reply reply(Result<std::string> body) {
    if (!body) return tl::unexpected(body.error());
    return AdminReply{std::move(*body)};
}

// What was purged, in the words of the request.
std::string purged_body(const tiers::Mark& mark, Micros until) {
    std::string members;
    JsonObject marked(members);
    marked.text(tiers::to_string(mark.kind), mark.value);
    if (!mark.keep.empty()) marked.text("keep", mark.keep);
    if (!mark.tenant.empty()) marked.text("only_tenant", mark.tenant);
    marked.end();
    std::string body;
    JsonObject object(body);
    object.raw("purged", members);
    object.whole("created_until_unix_us", until);
    object.end();
    return body;
}

Reply purge(cascade::CacheControl& caches, std::string_view body) {
    const Result<tiers::Mark> mark = parse_purge(body);
    if (!mark) return tl::unexpected(mark.error());
    const Result<Micros> until = caches.purge(*mark);
    if (!until) return tl::unexpected(until.error());
    AdminReply done{purged_body(*mark, *until)};
    done.change = Change{"", done.body};
    return done;
}

Reply take_feedback(cascade::CacheControl& caches, std::string_view body) {
    const Result<cascade::Feedback> said = parse_feedback(body);
    if (!said) return tl::unexpected(said.error());
    if (const Result<void> taken = caches.feedback(*said); !taken) return tl::unexpected(taken.error());
    AdminReply done;
    JsonObject object(done.body);
    object.text("request_id", to_hex(static_cast<std::uint64_t>(said->request)));
    object.text("verdict", said->good ? "good" : "bad");
    object.end();
    return done;
}

}  // namespace

void add_health(RouteTable& routes, gateway::Gateway& gateway, const Alerts* alerts) {
    routes.add({"GET", "/health/live", {}, RunOn::reactor, [](const AdminCall&) -> Reply {
                    return AdminReply{R"({"status":"live"})"};
                }});
    routes.add({"GET", "/health/ready", {}, RunOn::reactor, [&gateway](const AdminCall&) -> Reply {
                    std::string why;
                    AdminReply said;
                    if (!gateway.ready(why)) said.status = 503;
                    JsonObject object(said.body);
                    object.text("status", said.status == 200 ? "ready" : why);
                    object.end();
                    return said;
                }});
    routes.add({"GET", "/metrics", AdminRole::view, RunOn::admin_worker, [&gateway, alerts](const AdminCall&) -> Reply {
                    return AdminReply{render_metrics(gateway, alerts), "text/plain; version=0.0.4; charset=utf-8"};
                }});
}

void add_reading(RouteTable& routes, gateway::Gateway& gateway) {
    routes.add({"GET", "/api/requests/*", AdminRole::view, RunOn::admin_worker, [&gateway](const AdminCall& call) {
                    const std::optional<RequestId> id = parse_request_id(call.parts[0]);
                    if (!id) return Reply(fail(ErrorCode::invalid, "a request id has 16 hexadecimal digits"));
                    return reply(render_request(gateway.ledger(), gateway.routes()->options().data_folder, *id));
                }});
    routes.add({"GET", "/api/cascades", AdminRole::view, RunOn::admin_worker, [&gateway](const AdminCall&) -> Reply {
                    return AdminReply{render_cascades(gateway.cascades().views(), gateway.agreements())};
                }});
    routes.add({"GET", "/api/cascades/log", AdminRole::view, RunOn::admin_worker, [&gateway](const AdminCall& call) {
                    const Result<cascade::DecisionLog::Query> query = parse_decision_query(call.head.query());
                    if (!query) return Reply(tl::unexpected(query.error()));
                    return Reply(AdminReply{render_decisions(gateway.cascades().decisions().latest(*query))});
                }});
}

void add_keys(RouteTable& routes, gateway::Gateway& gateway) {
    routes.add({"GET", "/api/keys", AdminRole::view, RunOn::admin_worker, [&gateway](const AdminCall&) -> Reply {
                    const limits::KeyBook& keys = gateway.keys();
                    return AdminReply{render_keys(keys.records(), keys.configured(),
                                                  gateway.routes()->options().require_key,
                                                  gateway.clock().unix_micros())};
                }});
    const auto change = [&gateway](const AdminCall& call) -> Reply {
        const Result<KeyRequest> request = parse_key_request(call.path, call.body);
        if (!request) return tl::unexpected(request.error());
        Result<KeyChange> changed = change_keys(gateway.keys(), *request, gateway.clock().unix_micros());
        if (!changed) return tl::unexpected(changed.error());
        AdminReply done{std::move(changed->said)};
        done.change = Change{std::move(changed->before), std::move(changed->after)};
        done.header_lines = "cache-control: no-store\r\n";  // a new key is told once, and kept nowhere on its way
        return done;
    };
    for (const char* const path : {"/api/keys", "/api/keys/*", "/api/keys/*/revoke"}) {
        routes.add({"POST", path, AdminRole::operate, RunOn::gateway_worker, change});
    }
}

void add_budgets(RouteTable& routes, gateway::Gateway& gateway, BudgetForecasts& forecasts) {
    routes.add({"GET", "/api/budgets", AdminRole::view, RunOn::admin_worker,
                [&gateway, &forecasts](const AdminCall&) -> Reply {
                    const std::vector<limits::BudgetBook::View> budgets = gateway.budgets().views();
                    if (budgets.empty()) return AdminReply{render_budgets({}, {})};
                    const std::string folder = gateway.routes()->options().data_folder;
                    return AdminReply{
                        render_budgets(budgets, forecasts.look(folder, budgets, gateway.clock().unix_micros()))};
                }});
}

void add_students(RouteTable& routes, gateway::Gateway& gateway) {
    routes.add({"GET", "/api/students", AdminRole::view, RunOn::admin_worker, [&gateway](const AdminCall&) -> Reply {
                    return AdminReply{render_students(gateway.student_lives())};
                }});
    const auto change = [&gateway](const AdminCall& call) -> Reply {
        const Result<StudentRequest> request = parse_student_request(call.path);
        if (!request) return tl::unexpected(request.error());
        Result<AdminReply> done = reply(change_student(gateway.students(), *request));
        if (done) done->change = Change{"", done->body};
        return done;
    };
    for (const char* const path : {"/api/students/*/promote", "/api/students/*/demote", "/api/students/*/rollback"}) {
        routes.add({"POST", path, AdminRole::operate, RunOn::gateway_worker, change});
    }
}

void add_caches(RouteTable& routes, cascade::CacheControl* caches) {
    using Work = Reply (*)(cascade::CacheControl&, std::string_view);
    const auto with_caches = [caches](Work work) {
        return [caches, work](const AdminCall& call) -> Reply {
            if (caches == nullptr) {
                return AdminReply{
                    R"({"error":{"message":"this gateway has no caches to change"}})", "application/json", {}, {}, 501};
            }
            return work(*caches, call.body);
        };
    };
    routes.add({"POST", "/api/cache/purge", AdminRole::operate, RunOn::gateway_worker, with_caches(&purge)});
    // Not among changes by hand: a program may send one for each answer.
    routes.add(
        {"POST", "/v1/feedback", AdminRole::feedback, RunOn::gateway_worker, with_caches(&take_feedback), false});
}

}  // namespace weir::admin
