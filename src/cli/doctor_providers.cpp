#include <algorithm>
#include <memory>

#include "cli/doctor_parts.h"
#include "eval/reactor_thread.h"
#include "gateway/lane.h"
#include "json/scan.h"

namespace weir::cli {
namespace {

// One endpoint and what came of asking it.
struct Probe {
    std::string provider;
    bool several = false;  // the provider has more than one endpoint
    std::shared_ptr<tiers::ProviderLink> link;
    const tiers::Endpoint* endpoint = nullptr;
    std::string head, body;
    unsigned status = 0;
    bool canceled = false;
    Result<void> outcome;
    Micros took_micros = 0;
    std::unique_ptr<net::HttpCall> call;
};

std::string head_of(const tiers::ProviderLink& link, const tiers::Endpoint& endpoint, std::string_view path) {
    std::string target = endpoint.path_prefix + std::string(path);
    if (!link.query.empty()) target += (path.find('?') == std::string_view::npos ? "?" : "&") + link.query;
    std::string head =
        "GET " + target + " HTTP/1.1\r\nhost: " + endpoint.host_header + "\r\n" + endpoint.key_line + link.fixed_lines;
    if (link.form != nullptr) head += link.form->head_lines();
    return head + "accept: application/json\r\n\r\n";
}

Task<void> ask(Probe& probe, Micros began) {
    const Micros deadline = began + kProbeMicros;
    net::HttpClient& client = *probe.endpoint->client;
    probe.call = std::make_unique<net::HttpCall>(client);
    probe.outcome = co_await probe.call->send(probe.head, {}, deadline);
    if (probe.outcome) {
        probe.status = probe.call->response().status;
        probe.outcome = co_await probe.call->read_all(probe.body, kMostModelListBytes);
    }
    probe.took_micros = client.reactor().now() - began;
}

Task<void> ask_and_count(Probe& probe, Micros began, std::shared_ptr<std::size_t> left,
                         std::function<void()> finished) {
    co_await ask(probe, began);
    probe.call.reset();
    if (--*left == 0) finished();
}

// All at once; what is not done by then is cut off, so that a provider that sends a byte now and then ends, too.
void ask_all(eval::ReactorThread& thread, std::vector<std::unique_ptr<Probe>>& probes) {
    if (probes.empty()) return;
    const auto left = std::make_shared<std::size_t>(probes.size());  // the sweep outlives this call
    thread.wait_for([&](const std::function<void()>& finished) {
        const Micros began = thread.reactor().now();
        thread.reactor().every_sweep([&thread, &probes, left, began] {
            if (*left == 0) return false;
            if (thread.reactor().now() < began + kProbeMicros) return true;
            for (const auto& probe : probes) {
                probe->canceled = probe->call != nullptr;
                if (probe->call) probe->call->cancel();
            }
            return false;
        });
        for (const auto& probe : probes) spawn(ask_and_count(*probe, began, left, finished));
    });
}

std::string reached(const Probe& probe) {
    return probe.endpoint->client->endpoint().to_string();
}

Finding unreachable(const Probe& probe) {
    Finding finding{.level = Finding::Level::fail, .topic = "provider"};
    const Error& error = probe.outcome.error();
    const bool slow = probe.canceled || error.code == ErrorCode::timeout;
    finding.text = slow ? reached(probe) + " does not answer within 5 s" : error.message;
    finding.advice = probe.endpoint->client->endpoint().tls
                         ? "look at base_url, the network and, where an authority of your own signs, tls_ca_file"
                         : "look at base_url and the network; is it running?";
    return finding;
}

Finding answered(const Probe& probe) {
    const bool has_key = !probe.endpoint->key_line.empty();
    const std::string status = std::to_string(probe.status);
    Finding finding{.level = Finding::Level::ok, .topic = "provider"};
    const auto say = [&](Finding::Level level, std::string text, std::string advice) {
        finding.level = level;
        finding.text = std::move(text);
        finding.advice = std::move(advice);
    };
    if (probe.status == 200) {
        finding.text = reached(probe) + (has_key ? " takes the key" : " answers; no key is configured");
        if (const std::size_t models = models_listed(probe.body).size(); models > 0) {
            finding.text += " and lists " + std::to_string(models) + (models == 1 ? " model" : " models");
        }
    } else if (probe.status == 401 || probe.status == 403) {
        say(Finding::Level::fail,
            reached(probe) + (has_key ? " refuses the key: " : " wants a key, and none is configured: ") + status,
            "set a key that is good there (key:), and see that its variable is set where the gateway starts");
    } else if (probe.status == 429) {
        say(Finding::Level::warn, reached(probe) + " is reached, and refuses for now: 429",
            "look at the account's limits and credit");
    } else if (probe.status >= 500) {
        say(Finding::Level::fail, reached(probe) + " is reached, and fails: " + status,
            "try again; look at its status");
    } else {
        say(Finding::Level::warn,
            reached(probe) + " is reached, but does not list its models (" + status + "): the key was not tried",
            probe.status == 404 ? "look at base_url: does a path such as /v1 miss?" : "look at base_url");
    }
    return finding;
}

// Models that are configured and not in a provider's list.
void examine_models(const gateway::Options& options, const Probe& probe, Findings& findings) {
    const std::vector<std::string> listed = models_listed(probe.body);
    if (probe.status != 200 || listed.empty() || !probe.link->query.empty()) return;
    for (const gateway::ModelOptions& model : options.models) {
        if (model.provider != probe.provider) continue;
        const std::string& name = model.upstream_name.empty() ? model.name : model.upstream_name;
        if (std::find(listed.begin(), listed.end(), name) != listed.end()) continue;
        findings.add({.level = Finding::Level::warn,
                      .topic = "provider",
                      .subject = probe.provider,
                      .text = "its list has no model " + name,
                      .advice = "look at the name (models." + model.full_name() + "), and what the key may use"});
    }
}

Result<void> prepare(const gateway::Options& options, const gateway::ProviderOptions& provider,
                     eval::ReactorThread& thread, std::vector<std::unique_ptr<Probe>>& probes) {
    gateway::ProviderRoute route;
    route.options = provider;
    std::vector<gateway::EndpointOptions> places = provider.endpoints;
    if (places.empty()) places.emplace_back();
    for (const gateway::EndpointOptions& place : places) {
        if (auto added = gateway::Routes::add_endpoint(route, place); !added) return added;
    }
    std::shared_ptr<tiers::ProviderLink> link;
    thread.call([&] { link = gateway::link_to(route, options.limits, thread.reactor()); });
    for (const auto& endpoint : link->endpoints.all()) {
        auto probe = std::make_unique<Probe>();
        probe->provider = provider.name;
        probe->several = link->endpoints.size() > 1;
        probe->link = link;
        probe->endpoint = endpoint.get();
        probe->head = head_of(*link, *endpoint, model_list_path(provider.api));
        probes.push_back(std::move(probe));
    }
    return {};
}

}  // namespace

std::string_view model_list_path(gateway::ProviderApi api) {
    switch (api) {
        case gateway::ProviderApi::anthropic:
            return "/models?limit=1000";
        case gateway::ProviderApi::gemini:
            return "/models?pageSize=1000";
        case gateway::ProviderApi::openai:
        case gateway::ProviderApi::llama_server:
            return "/models";
    }
    return "/models";
}

std::vector<std::string> models_listed(std::string_view body) {
    std::vector<json::Member> members;
    std::vector<std::string> models;
    if (!json::members(body, members)) return models;
    for (const json::Member& member : members) {
        const std::string_view raw = member.raw(body);
        if (member.key == "has_more" && json::as_bool(raw).value_or(true)) return {};
        if (member.key == "nextPageToken") return {};
        if ((member.key != "data" && member.key != "models") || !json::is_array(raw) || !models.empty()) continue;
        const std::string_view name = member.key == "data" ? "id" : "name";
        for (json::Walk each(body, member.value); each.next();) {
            if (!each.at_object()) continue;
            const auto found = json::find_member(body, each.value(), name);
            std::string model = found ? json::as_string(found->of(body)).value_or("") : "";
            if (model.starts_with("models/")) model.erase(0, 7);  // Gemini's
            if (!model.empty()) models.push_back(std::move(model));
        }
    }
    return models;
}

void examine_providers(const gateway::Options& options, Findings& findings) {
    eval::ReactorThread thread;
    std::vector<std::unique_ptr<Probe>> probes;
    for (const auto& [name, provider] : options.providers) {
        if (provider.child) continue;
        if (const Result<void> ready = prepare(options, provider, thread, probes); !ready) {
            findings.add({.level = Finding::Level::fail,
                          .topic = "provider",
                          .subject = name,
                          .text = ready.error().message,
                          .advice = "mend what is configured for it"});
        }
    }
    ask_all(thread, probes);
    std::string before;
    for (const auto& probe : probes) {
        Finding finding = probe->outcome ? answered(*probe) : unreachable(*probe);
        finding.subject = probe->provider;
        finding.took_micros = probe->took_micros;
        findings.add(std::move(finding));
        if (probe->provider != before && probe->outcome) examine_models(options, *probe, findings);
        before = probe->provider;
    }
    thread.call([&] { probes.clear(); });
}

}  // namespace weir::cli
