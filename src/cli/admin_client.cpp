#include "cli/admin_client.h"

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <ostream>
#include <vector>

#include "eval/reactor_thread.h"
#include "json/scan.h"
#include "net/http_client.h"

namespace weir::cli {
namespace {

struct Asked {
    std::string head, body;
    Result<AdminReply> reply = fail(ErrorCode::internal, "");
};

Task<void> ask(net::HttpClient& client, Micros at_most, Asked& asked) {
    net::HttpCall call(client);
    const Micros deadline = client.reactor().clock().steady_micros() + at_most;
    const Result<void> sent = co_await call.send(asked.head, asked.body, deadline);
    if (!sent) {
        asked.reply = tl::unexpected(sent.error());
        co_return;
    }
    AdminReply reply;
    reply.status = call.response().status;
    const Result<void> read = co_await call.read_all(reply.body, kMostAdminBytes);
    if (!read) {
        asked.reply = tl::unexpected(read.error());
        co_return;
    }
    asked.reply = std::move(reply);
}

Task<void> ask_and_finish(net::HttpClient& client, Micros at_most, Asked& asked, std::function<void()> finished) {
    co_await ask(client, at_most, asked);
    finished();
}

std::string variable(const std::string& name) {
    const char* const value = std::getenv(name.c_str());
    return value == nullptr ? std::string() : std::string(value);
}

// Commands read the configuration without its secrets: a token stands there as ${NAME}.
std::string token_of(const gateway::AdminAccess& access) {
    if (access.tokens.empty()) return {};
    if (std::string given = variable("WEIR_ADMIN_TOKEN"); !given.empty()) return given;
    for (const gateway::AdminToken& one : access.tokens) {
        if (one.role != gateway::AdminRole::operate) continue;
        const std::string_view text = one.token;
        if (!text.starts_with("${") || !text.ends_with('}')) return one.token;
        return variable(std::string(text.substr(2, text.size() - 3)));
    }
    return {};
}

}  // namespace

std::string reachable_host(std::string_view host) {
    if (host.empty() || host == "0.0.0.0") return "127.0.0.1";
    return host == "::" ? "::1" : std::string(host);
}

struct AdminClient::Impl {
    net::Endpoint endpoint;
    std::string token;
    Micros at_most = kAdminMicros;
    eval::ReactorThread thread;
    std::unique_ptr<net::HttpClient> client;
};

AdminClient::AdminClient(const gateway::Options& options, Micros at_most) : impl_(std::make_unique<Impl>()) {
    impl_->endpoint = {reachable_host(options.admin.host), options.admin.port, "", false};
    impl_->token = token_of(options.admin_access);
    impl_->at_most = at_most;
    net::ClientLimits limits;
    limits.first_byte_micros = limits.idle_micros = at_most;
    limits.connect_micros = std::min(limits.connect_micros, at_most);
    impl_->thread.call([&] {
        impl_->client = std::make_unique<net::HttpClient>(impl_->thread.reactor(), impl_->endpoint, limits, nullptr);
    });
}

AdminClient::~AdminClient() {
    impl_->thread.call([this] { impl_->client.reset(); });
}

Result<AdminReply> AdminClient::ask(std::string_view method, std::string_view path, std::string_view body) {
    const net::Endpoint& endpoint = impl_->endpoint;
    if (endpoint.port == 0) return fail(ErrorCode::invalid, "admin: port 0 is another one at each start");
    Asked asked;
    const bool posts = method == "POST";
    if (posts) asked.body = body;
    asked.head = std::string(method) + " " + std::string(path) + " HTTP/1.1\r\nhost: " + endpoint.to_string() + "\r\n";
    if (posts) {
        asked.head += "content-type: application/json\r\ncontent-length: " + std::to_string(asked.body.size()) + "\r\n";
    }
    if (!impl_->token.empty()) asked.head += "authorization: Bearer " + impl_->token + "\r\n";
    asked.head += "\r\n";
    impl_->thread.wait_for([&](const std::function<void()>& finished) {
        spawn(ask_and_finish(*impl_->client, impl_->at_most, asked, finished));
    });
    if (!asked.reply && asked.reply.error().code == ErrorCode::unavailable) {
        return fail(ErrorCode::unavailable, "no gateway answers at " + endpoint.to_string() + ": is it running? (" +
                                                asked.reply.error().message + ")");
    }
    return asked.reply;
}

Result<AdminReply> ask_admin(const gateway::Options& options, std::string_view method, std::string_view path,
                             std::string_view body) {
    return AdminClient(options).ask(method, path, body);
}

int refused(std::string_view command, const AdminReply& reply, std::ostream& err) {
    std::vector<json::Member> members;
    std::string message = "the gateway answers with status " + std::to_string(reply.status);
    if (json::members(reply.body, members)) {
        for (const json::Member& member : members) {
            const auto text = json::find_member(reply.body, member.value, "message");
            if (member.key == "error" && text) message = json::as_string(text->of(reply.body)).value_or(message);
        }
    }
    err << "weir " << command << ": " << message << "\n";
    return reply.status == 400 || reply.status == 404 ? 2 : 1;
}

}  // namespace weir::cli
