#include "cli/top_command.h"

#include <ostream>
#include <thread>

#include "base/clock.h"
#include "cli/admin_client.h"
#include "cli/config_values.h"
#include "cli/report_command.h"
#include "cli/terminal.h"
#include "cli/top_view.h"
#include "net/endpoint.h"

namespace weir::cli {
namespace {

Result<TopSample> look(AdminClient& admin) {
    const Result<AdminReply> metrics = admin.ask("GET", "/metrics");
    if (!metrics) return tl::unexpected(metrics.error());
    if (metrics->status != 200) {
        return fail(ErrorCode::protocol, "GET /metrics is answered with status " + std::to_string(metrics->status));
    }
    TopSample sample;
    sample.at = SystemClock().steady_micros();
    sample.metrics = parse_metrics(metrics->body);
    if (!sample.metrics.contains("weir_requests_active")) {
        return fail(ErrorCode::protocol, "what answers at the admin address is no gateway");
    }
    const Result<AdminReply> cascades = admin.ask("GET", "/api/cascades");
    if (cascades && cascades->status == 200) sample.cascades = cascades->body;
    return sample;
}

std::string title_of(const gateway::Address& admin) {
    return "weir at " + net::Endpoint{admin.host, admin.port, "", false}.to_string() + ", " +
           iso_time(SystemClock().unix_micros());
}

// Until it is told to end. A gateway that goes away is waited for.
int watch(const gateway::Options& options, Micros interval, std::ostream& err) {
    const gateway::Address& address = options.admin;
    Terminal terminal;  // before any thread
    AdminClient admin(options, kTopAskMicros);
    Result<TopSample> before = look(admin);
    if (!before) {
        err << "weir top: " << before.error().message << "\n";
        return 1;
    }
    std::string shown = title_of(address) + "\n\nrates come after " + format_duration(interval) + "; q ends it\n";
    TopSample last = std::move(*before);
    while (true) {
        terminal.draw(shown);
        Terminal::Event event = Terminal::Event::redraw;
        for (const Micros until = SystemClock().steady_micros() + interval; event == Terminal::Event::redraw;) {
            event = terminal.wait(std::max<Micros>(0, until - SystemClock().steady_micros()));
            if (event == Terminal::Event::redraw) terminal.draw(shown);
        }
        if (event == Terminal::Event::quit) return 0;
        Result<TopSample> now = look(admin);
        if (!now) {
            shown = title_of(address) + "\n\n" + now.error().message + "\n";
            continue;
        }
        shown = top_table(top_view(last, *now), title_of(address));
        last = std::move(*now);
    }
}

int show_once(const gateway::Options& options, Micros interval, OutputFormat format, std::ostream& out,
              std::ostream& err) {
    AdminClient admin(options, kTopAskMicros);
    const Result<TopSample> before = look(admin);
    if (before) std::this_thread::sleep_for(std::chrono::microseconds(interval));
    const Result<TopSample> now = before ? look(admin) : before;
    if (!now) {
        err << "weir top: " << now.error().message << "\n";
        return 1;
    }
    const TopView view = top_view(*before, *now);
    out << (format == OutputFormat::json ? top_json(view) + "\n" : top_table(view, title_of(options.admin)));
    return 0;
}

}  // namespace

int top_command(const TopArguments& arguments, const LoadSettings& settings, std::ostream& out, std::ostream& err) {
    const std::optional<Micros> interval = parse_duration(arguments.interval);
    if (!interval || *interval < kLeastTopMicros || *interval > kMostTopMicros) {
        err << "weir top: --interval is 100ms to 1h, not " << quote(arguments.interval) << "\n";
        return 2;
    }
    LoadSettings quiet = settings;
    quiet.secrets = false;
    const LoadResult loaded = load_config(arguments.config_file, quiet);
    if (!loaded) {
        for (const Diagnostic& each : loaded.error()) err << to_string(each) << "\n";
        return 2;
    }
    const gateway::Options& options = loaded->options;
    if (options.admin.port == 0) {
        err << "weir top: admin: port 0 is another one at each start\n";
        return 2;
    }
    const bool stays = !arguments.once && arguments.format == OutputFormat::table && Terminal::usable();
    return stays ? watch(options, *interval, err) : show_once(options, *interval, arguments.format, out, err);
}

}  // namespace weir::cli
