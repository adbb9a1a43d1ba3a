#include "cli/serve.h"

#include <pthread.h>
#include <signal.h>

#include <cstdio>

#include "admin/admin_handler.h"
#include "admin/alerts.h"
#include "base/clock.h"
#include "cli/config.h"
#include "cli/file_desk.h"
#include "cli/log_sink.h"
#include "gateway/gateway.h"

namespace weir::cli {
namespace {

// Blocked in every thread, taken by main alone with sigwait.
sigset_t handled_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set, number);
    return set;
}

std::string shown(const gateway::Address& address, std::uint16_t port) {
    return net::Endpoint{address.host, port, "", false}.to_string();
}

// What came of it, as whoever asked for it at the admin address is told. `text`: what was read, once.
admin::ConfigCheck reload(gateway::Gateway& gateway, const std::string& file, const Result<std::string>& text) {
    gateway.telemetry().reopen();  // whatever the configuration has become: logrotate asks for no more
    admin::ConfigCheck outcome;
    if (!text) {
        log_error("reload refused: " + text.error().message);
        outcome.errors.push_back({0, text.error().message});
        return outcome;
    }
    const LoadResult loaded = load_config_text(*text, file, process_settings());
    if (!loaded) {
        for (const Diagnostic& error : loaded.error()) {
            log_error("reload refused: " + to_string(error));
            outcome.errors.push_back({error.line, error.message});
        }
        return outcome;
    }
    for (const Diagnostic& warning : loaded->warnings) {
        log_warning(to_string(warning));
        outcome.warnings.push_back({warning.line, warning.message});
    }
    if (const auto done = gateway.reload(loaded->options, outcome.kept); !done) {
        log_error("reload refused, nothing has changed: " + done.error().message);
        outcome.errors.push_back({0, done.error().message});
        return outcome;
    }
    for (const std::string& name : outcome.kept)
        log_warning("reload: '" + name + "' changes only with a restart; it stays as it was");
    log_info("reloaded " + file);
    return outcome;
}

}  // namespace

int serve_command(const ServeArguments& arguments) {
    const sigset_t signals = handled_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal(SIGPIPE, SIG_IGN);
    const LogOutput log_output(arguments.log_level);

    const LoadResult loaded = load_config(arguments.config_file);
    if (!loaded) {
        for (const Diagnostic& error : loaded.error()) std::fprintf(stderr, "%s\n", to_string(error).c_str());
        return 2;
    }
    for (const Diagnostic& warning : loaded->warnings) log_warning(to_string(warning));
    const gateway::Options& options = loaded->options;

    const SystemClock clock;
    auto opened = gateway::Gateway::open(options, clock);
    if (!opened) {
        std::fprintf(stderr, "weir: %s\n", opened.error().message.c_str());
        return 1;
    }
    gateway::Gateway& gateway = **opened;
    const auto running = [&gateway] { return gateway.routes()->options(); };
    FileDesk desk(arguments.config_file, process_settings(), {}, running);
    const std::unique_ptr<admin::Alerts> alerts = admin::Alerts::start(gateway);
    admin::AdminHandler admin(gateway, &gateway.caches(), &desk, alerts.get());
    net::ServerLimits admin_limits;
    admin_limits.body_bytes = admin::kMostPostBytes;
    admin_limits.connections = 256;
    const auto admin_port = gateway.add_server(options.admin, admin_limits, admin);
    if (!admin_port) {
        std::fprintf(stderr, "weir: admin: %s\n", admin_port.error().message.c_str());
        return 1;
    }
    std::printf("weir: listening on %s\nweir: admin on %s\n", shown(options.listen, gateway.port()).c_str(),
                shown(options.admin, *admin_port).c_str());
    std::fflush(stdout);

    while (true) {
        int number = 0;
        if (sigwait(&signals, &number) != 0) continue;
        if (number != SIGHUP) break;
        const Result<std::string> text = desk.text();
        desk.reloaded(reload(gateway, arguments.config_file, text), text.value_or(std::string()));
    }
    log_info("draining");
    alerts->stop();
    gateway.drain();
    log_info("stopped");
    return 0;
}

}  // namespace weir::cli
