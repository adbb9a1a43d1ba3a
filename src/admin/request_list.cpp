#include "admin/request_list.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <vector>

#include "admin/filter_text.h"
#include "admin/json_object.h"
#include "admin/ledger_question.h"
#include "admin/query_text.h"
#include "store/ledger_reader.h"
#include "store/ledger_schema.h"

namespace weir::admin {
namespace {

constexpr std::uint16_t kFirstErrorStatus = 400;
constexpr std::array kPurposes = {store::Purpose::request, store::Purpose::audit, store::Purpose::refresh,
                                  store::Purpose::judge, store::Purpose::trial};
constexpr std::string_view kAll = "all", kOwn = "own";  // own: all that Weir asked on its own account

struct ListQuestion {
    store::FlowFilter filter;
    std::vector<store::Purpose> purposes{store::Purpose::request};
    std::optional<bool> error;  // nothing: both
    std::optional<RequestId> before;
    std::int64_t most = 50;

    bool passes(const store::LedgerRow& row) const {
        return std::find(purposes.begin(), purposes.end(), row.purpose) != purposes.end() &&
               (!error || *error == (row.status >= kFirstErrorStatus)) && filter.passes(store::FlowKey::of(row));
    }
};

Result<void> read_purpose(const std::string& value, ListQuestion& to) {
    to.purposes.clear();
    for (const store::Purpose purpose : kPurposes) {
        const bool own = purpose != store::Purpose::request;
        if (value == kAll || (value == kOwn && own) || store::to_string(purpose) == value)
            to.purposes.push_back(purpose);
    }
    if (to.purposes.empty()) {
        return fail(ErrorCode::invalid, "purpose is request, audit, refresh, judge, trial, own or all");
    }
    return {};
}

Result<void> read_parameter(const std::string& name, const std::string& value, const store::NamesById& names,
                            ListQuestion& to) {
    if (is_of_range(name)) return {};
    if (name == "purpose") return read_purpose(value, to);
    if (name == "status") {
        if (value != "error" && value != "ok") return fail(ErrorCode::invalid, "status is error or ok");
        to.error = value == "error";
        return {};
    }
    if (name == "before") {
        to.before = parse_request_id(value);
        if (!to.before) return fail(ErrorCode::invalid, "before is a request id: 16 hexadecimal digits");
        return {};
    }
    if (name == "most") {
        const auto most = whole_of(name, value, 1, kMostListed);
        if (!most) return tl::unexpected(most.error());
        to.most = *most;
        return {};
    }
    const auto filter = read_filter(name, value, names, to.filter);
    if (!filter) return tl::unexpected(filter.error());
    if (!*filter) return unknown_parameter(name);
    return {};
}

}  // namespace

Result<std::string> render_requests(store::SqliteLedger& ledger, const std::string& folder, std::string_view query,
                                    Micros now_unix_micros) {
    const auto ledger_question = LedgerQuestion::open(folder, query, now_unix_micros);
    if (!ledger_question) return tl::unexpected(ledger_question.error());
    const auto& [parameters, range, database, snapshot, names] = *ledger_question;
    ListQuestion asked;
    for (const auto& [name, value] : parameters) {
        if (auto read = read_parameter(name, value, names, asked); !read) return tl::unexpected(read.error());
    }

    const RequestId begin = store::first_id_at(range.since_unix_micros);
    RequestId end = store::first_id_at(range.until_unix_micros);
    if (asked.before) end = std::min(end, *asked.before);
    std::string list = "[";
    std::int64_t listed = 0;
    std::size_t looked = 0;
    RequestId last = 0;
    bool more = false;
    const auto visit = [&](const store::LedgerRow& row) {
        more = listed == asked.most || looked == kMostLooked;  // and here is another one
        if (more) return false;
        ++looked;
        last = row.id;
        if (!asked.passes(row)) return true;
        if (listed++ > 0) list += ',';
        write_request(ledger, row, store::task_name(*database, row.task), list);
        return true;
    };
    if (auto read = store::visit_newest_first(*database, begin, end, visit); !read) return tl::unexpected(read.error());

    std::string out;
    JsonObject object(out);
    object.raw("requests", list + "]");
    object.text_or_null("next", more ? to_hex(static_cast<std::uint64_t>(last)) : std::string());
    object.end();
    return out;
}

Result<std::string> render_live(store::SqliteLedger& ledger, const std::string& folder, std::string_view query) {
    const auto parameters = query_parameters(query);
    if (!parameters) return tl::unexpected(parameters.error());
    std::int64_t after = 0;
    for (const auto& [name, value] : *parameters) {
        if (name != "after") return unknown_parameter(name);
        const auto number = whole_of(name, value, 0, std::numeric_limits<std::int64_t>::max());
        if (!number) return tl::unexpected(number.error());
        after = *number;
    }
    const store::SettledRows settled = ledger.settled_since(static_cast<std::uint64_t>(after));
    std::string list = "[";
    if (!settled.rows.empty()) {
        auto database = store::open_ledger_for_reading(folder);
        if (!database) return tl::unexpected(database.error());
        for (const store::LedgerRow& row : settled.rows) {
            if (list.size() > 1) list += ',';
            write_request(ledger, row, store::task_name(*database, row.task), list);
        }
    }
    std::string out;
    JsonObject object(out);
    object.whole("next", settled.next);
    object.whole("missed", settled.missed);
    object.raw("requests", list + "]");
    object.end();
    return out;
}

void add_request_list(RouteTable& routes, gateway::Gateway& gateway) {
    routes.add({"GET", "/api/requests", AdminRole::view, RunOn::admin_worker,
                [&gateway](const AdminCall& call) -> Result<AdminReply> {
                    Result<std::string> body =
                        render_requests(gateway.ledger(), gateway.routes()->options().data_folder, call.head.query(),
                                        gateway.clock().unix_micros());
                    if (!body) return tl::unexpected(body.error());
                    return AdminReply{std::move(*body)};
                }});
    routes.add({"GET", "/api/requests/live", AdminRole::view, RunOn::admin_worker,
                [&gateway](const AdminCall& call) -> Result<AdminReply> {
                    Result<std::string> body =
                        render_live(gateway.ledger(), gateway.routes()->options().data_folder, call.head.query());
                    if (!body) return tl::unexpected(body.error());
                    return AdminReply{std::move(*body)};
                }});
}

}  // namespace weir::admin
