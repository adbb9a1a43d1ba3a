#include "admin/key_requests.h"

#include "admin/json_object.h"
#include "json/scan.h"

namespace weir::admin {
namespace {

constexpr std::string_view kKeys = "/api/keys";
constexpr std::string_view kCut = "...";  // behind a beginning, as it is shown

std::string_view state_of(const limits::KeyRecord& record, Micros now) {
    if (record.revoked_unix_micros != 0) return "revoked";
    return record.expires_unix_micros != 0 && record.expires_unix_micros <= now ? "expired" : "active";
}

void write_key(const limits::KeyRecord& record, std::string_view key, Micros now, std::string& out) {
    JsonObject object(out);
    const auto or_null = [&](std::string_view name, std::int64_t value) {
        if (value == 0) {
            object.raw(name, "null");
        } else {
            object.whole(name, value);
        }
    };
    if (!key.empty()) object.text("key", key);
    object.text("id", record.id);
    object.text("begins", record.prefix + std::string(kCut));
    object.text("tenant", record.tenant);
    object.text("name", record.name);
    object.text("state", state_of(record, now));
    std::string models = "[";
    for (const std::string& model : record.models) {
        if (models.size() > 1) models += ',';
        json::write_string(model, models);
    }
    object.raw("models", models + "]");
    or_null("requests_per_minute", record.rates.requests_per_minute);
    or_null("tokens_per_minute", record.rates.tokens_per_minute);
    or_null("parallel", record.rates.parallel);
    object.whole("created_unix_us", record.created_unix_micros);
    or_null("expires_unix_us", record.expires_unix_micros);
    or_null("revoked_unix_us", record.revoked_unix_micros);
    object.end();
}

}  // namespace

Result<KeyRequest> parse_key_request(std::string_view path, std::string_view body) {
    using Action = KeyRequest::Action;
    KeyRequest request;
    if (path.size() > kKeys.size()) {
        std::string_view rest = path.substr(kKeys.size() + 1);
        const std::size_t slash = rest.find('/');
        const std::string_view action = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
        std::string_view name = rest.substr(0, slash);
        if (name.ends_with(kCut)) name.remove_suffix(kCut.size());
        if (name.empty() || name.size() > 64 || (slash != std::string_view::npos && action != "revoke")) {
            return fail(ErrorCode::not_found,
                        "no such path; there are /api/keys, /api/keys/{key} and /api/keys/{key}/revoke, each for a "
                        "key's id or beginning");
        }
        request.name = name;
        request.action = action.empty() ? Action::change : Action::revoke;
    }
    Result<limits::KeyWish> wish = limits::parse_key_wish(body);
    if (!wish) return fail(ErrorCode::invalid, "the body: " + wish.error().message);
    request.wish = std::move(*wish);
    return request;
}

Result<KeyChange> change_keys(limits::KeyBook& keys, const KeyRequest& request, Micros now_unix) {
    using Action = KeyRequest::Action;
    KeyChange change;
    if (request.action == Action::create) {
        const Result<limits::NewKey> made = keys.create(request.wish);
        if (!made) return tl::unexpected(made.error());
        write_key(made->record, made->key, now_unix, change.said);
        write_key(made->record, {}, now_unix, change.after);
        return change;
    }
    const std::vector<limits::KeyRecord> records = keys.records();
    const Result<limits::KeyRecord> changed =
        request.action == Action::revoke ? keys.revoke(request.name) : keys.change(request.name, request.wish);
    if (!changed) return tl::unexpected(changed.error());
    for (const limits::KeyRecord& record : records) {
        if (record.id == changed->id) write_key(record, {}, now_unix, change.before);
    }
    write_key(*changed, {}, now_unix, change.after);
    change.said = change.after;
    return change;
}

std::string render_keys(const std::vector<limits::KeyRecord>& records, std::size_t configured, bool required,
                        Micros now_unix) {
    std::string body = R"({"keys":[)";
    for (const limits::KeyRecord& record : records) {
        if (&record != records.data()) body += ',';
        write_key(record, {}, now_unix, body);
    }
    return body + R"(],"configured":)" + std::to_string(configured) + R"(,"required":)" +
           (required ? "true}" : "false}");
}

}  // namespace weir::admin
