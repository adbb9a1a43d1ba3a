#include "gateway/reload_rules.h"

#include <tuple>
#include <utility>

#include "net/endpoint.h"

namespace weir::gateway {
namespace {

template <class... T>
void keep(const char* name, std::vector<std::string>& kept, std::tuple<T&...> wanted, std::tuple<const T&...> running) {
    if (wanted == running) return;
    kept.emplace_back(name);
    wanted = running;
}

bool is_open_to_the_network(const Address& address) {
    return !net::Endpoint{address.host, address.port, "", false}.is_loopback();
}

}  // namespace

Result<Options> with_running(Options wanted, const Options& running, std::vector<std::string>& kept) {
    const auto of = [&kept](const char* name, auto to, auto from) { keep(name, kept, to, from); };
    of("listen", std::tie(wanted.listen.host, wanted.listen.port), std::tie(running.listen.host, running.listen.port));
    of("admin", std::tie(wanted.admin.host, wanted.admin.port), std::tie(running.admin.host, running.admin.port));
    of("tls", std::tie(wanted.tls_certificate_file, wanted.tls_key_file),
       std::tie(running.tls_certificate_file, running.tls_key_file));
    of("data", std::tie(wanted.data_folder), std::tie(running.data_folder));
    of("reactors", std::tie(wanted.reactors), std::tie(running.reactors));
    CacheOptions& cache = wanted.cache;
    of("cache", std::tie(cache.memory_bytes, cache.semantic_memory_bytes, cache.disk_bytes, cache.max_entry_bytes),
       std::tie(running.cache.memory_bytes, running.cache.semantic_memory_bytes, running.cache.disk_bytes,
                running.cache.max_entry_bytes));
    LedgerOptions& ledger = wanted.ledger;
    of("ledger", std::tie(ledger.ring_rows, ledger.drop_when_full, ledger.commit_interval_micros),
       std::tie(running.ledger.ring_rows, running.ledger.drop_when_full, running.ledger.commit_interval_micros));
    of("telemetry", std::tie(wanted.telemetry.otlp, wanted.telemetry.label_sets),
       std::tie(running.telemetry.otlp, running.telemetry.label_sets));
    of("access_log", std::tie(wanted.telemetry.access_log), std::tie(running.telemetry.access_log));

    // The file is right for the addresses that it names; these are the ones that are listened at.
    if (is_open_to_the_network(wanted.admin) && wanted.admin_access.tokens.empty()) {
        return fail(ErrorCode::invalid, "admin: the gateway goes on listening at " + wanted.admin.host +
                                            " until it is restarted, so admin_access can't be left out: everybody who "
                                            "reaches it would see and change everything");
    }
    if (is_open_to_the_network(wanted.listen) && wanted.keys.empty() && !wanted.require_key) {
        return fail(ErrorCode::invalid, "listen: the gateway goes on listening at " + wanted.listen.host +
                                            " until it is restarted, so keys can't be left out without require_key: "
                                            "everybody who reaches it would spend your money");
    }
    return wanted;
}

}  // namespace weir::gateway
