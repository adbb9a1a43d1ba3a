#include "admin/alerts.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <iterator>
#include <map>
#include <mutex>
#include <thread>

#include "admin/alert_message.h"
#include "admin/alert_watch.h"
#include "admin/json_object.h"
#include "base/background_thread.h"
#include "base/log.h"

namespace weir::admin {
namespace {

constexpr Micros kStep = 100'000;
constexpr Micros kStopMicros = 5'000'000;

Task<void> watched(Task<void> task, std::function<void()> ended) {
    co_await task;
    ended();
}

AlertSender* find_sender(const std::vector<std::unique_ptr<AlertSender>>& among, const std::string& name) {
    const auto found =
        std::find_if(among.begin(), among.end(), [&](const auto& sender) { return sender->webhook().name == name; });
    return found == among.end() ? nullptr : found->get();
}

}  // namespace

struct Alerts::Thread {
    explicit Thread(gateway::Gateway& of) : gateway(of), watch(of), reactor(of.clock(), 0) {}

    void load();
    void start();
    void stop();
    Task<void> pump();
    void look();
    void configure(const telemetry::AlertOptions& options);
    void hand_over(std::vector<std::unique_ptr<AlertSender>>& to);
    void lose_rest();
    void tell(const std::vector<Alert>& alerts, Micros now);
    void save();
    void launch(Task<void> task);

    gateway::Gateway& gateway;
    AlertWatch watch;
    net::Reactor reactor;
    std::string file;
    std::vector<telemetry::AlertWebhook> configured;
    std::vector<std::unique_ptr<AlertSender>> retired;  // until their run() has ended
    std::map<std::string, PriceSeen> prices;
    std::deque<AlertMessage> waiting;  // of the file, until there is who sends them
    std::uint64_t messages = 0;
    bool complained = false, unsaved = false;

    std::atomic<bool> stopping{false};

    mutable std::mutex mutex;  // of what follows
    std::condition_variable ended;
    unsigned running = 0;  // coroutines
    AlertBook book;
    Micros looked = 0;
    std::vector<std::unique_ptr<AlertSender>> senders;
    std::uint64_t removed_sent = 0, removed_lost = 0;  // to webhooks that are no more
    std::thread thread;
};

void Alerts::Thread::load() {
    const std::shared_ptr<const gateway::Routes> routes = gateway.routes();
    file = routes->options().data_folder + "/alerts.jsonl";
    Result<AlertRecords> records = load_alerts(file);
    if (!records) {
        log_warning("alerts: " + records.error().message + "; they begin anew");
        return;
    }
    book.restore(std::move(records->book), gateway.clock().unix_micros());
    prices = std::move(records->prices);
    waiting.assign(records->messages.begin(), records->messages.end());
}

void Alerts::Thread::launch(Task<void> task) {
    {
        const std::lock_guard lock(mutex);
        ++running;
    }
    const std::function<void()> tell_end = [this] {
        const std::lock_guard lock(mutex);
        --running;
        ended.notify_one();
    };
    spawn(watched(std::move(task), tell_end));
}

// What was sent and lost, and what waits, goes on with the webhook of the same name. With `mutex`.
void Alerts::Thread::hand_over(std::vector<std::unique_ptr<AlertSender>>& to) {
    for (const auto& sender : senders) {
        sender->stop();
        for (AlertMessage& message : sender->waiting()) waiting.push_back(std::move(message));
        const AlertSender::View before = sender->view();
        if (AlertSender* const next = find_sender(to, before.name)) {
            next->count_from(before);
        } else {
            removed_sent += before.sent;
            removed_lost += before.lost;
        }
    }
    std::erase_if(waiting, [&](const AlertMessage& message) {
        AlertSender* const next = find_sender(to, message.webhook);
        if (next != nullptr) next->add(message);
        return next != nullptr;
    });
}

// Nobody is there any more for what waits still.
void Alerts::Thread::lose_rest() {
    std::map<std::string, std::size_t> lost;
    for (const AlertMessage& message : waiting) ++lost[message.webhook];
    for (const auto& [name, count] : lost) {
        log_warning("alerts: " + std::to_string(count) + " messages are lost, the webhook " + name +
                    " is configured no more");
    }
    const std::lock_guard lock(mutex);
    removed_lost += waiting.size();
    waiting.clear();
}

// The webhooks as the configuration has them now.
void Alerts::Thread::configure(const telemetry::AlertOptions& options) {
    std::erase_if(retired, [](const auto& sender) { return sender->ended(); });
    if (options.webhooks == configured && waiting.empty()) return;
    configured = options.webhooks;
    std::vector<std::unique_ptr<AlertSender>> made;
    for (const telemetry::AlertWebhook& webhook : configured) {
        auto sender = AlertSender::make(reactor, webhook);
        if (sender) {
            made.push_back(std::move(*sender));
        } else {
            log_error("alerts: the webhook " + webhook.name + ": " + sender.error().message);
        }
    }
    {
        const std::lock_guard lock(mutex);
        hand_over(made);
        std::move(senders.begin(), senders.end(), std::back_inserter(retired));
        senders = std::move(made);
    }
    for (const auto& sender : senders) launch(sender->run());
    lose_rest();
    unsaved = true;
}

void Alerts::Thread::tell(const std::vector<Alert>& alerts, Micros now) {
    for (const auto& sender : senders) {
        AlertMessage message;
        message.webhook = sender->webhook().name;
        message.id = "weir-" + to_hex(static_cast<std::uint64_t>(now)) + "-" + std::to_string(++messages);
        message.made_unix = now;
        message.body = alert_body(alerts, sender->webhook(), message.id, now);
        if (!message.body.empty()) sender->add(std::move(message));
    }
}

void Alerts::Thread::save() {
    AlertRecords records;
    records.book = book.state();
    records.prices = prices;
    for (const auto& sender : senders) {
        for (AlertMessage& message : sender->waiting()) records.messages.push_back(std::move(message));
    }
    const Result<void> saved = save_alerts(file, records);
    if (!saved && !complained) log_error("alerts: a restart will tell of them again: " + saved.error().message);
    complained = !saved;
    unsaved = !saved;
    if (saved) book.written();
}

void Alerts::Thread::look() {
    const std::shared_ptr<const gateway::Routes> routes = gateway.routes();
    const telemetry::AlertOptions& options = routes->options().alerts;
    configure(options);
    bool prices_changed = false;
    const Findings found = watch.look(prices, prices_changed);
    const Micros now = gateway.clock().unix_micros();
    std::vector<Alert> news;
    {
        const std::lock_guard lock(mutex);
        news = book.look(found, options, now);
        looked = now;
    }
    for (const Alert& alert : news) {
        const std::string what = std::string(to_string(alert.kind)) + (alert.of.empty() ? "" : " (" + alert.of + ")");
        log_warning("alert " + std::string(alert.ended_unix != 0 ? "resolved: " : "") + what + ": " + alert.text);
    }
    tell(news, now);
    for (const auto& sender : senders) unsaved = sender->take_changed() || unsaved;
    if (book.changed() || prices_changed || unsaved) save();
}

Task<void> Alerts::Thread::pump() {
    while (!stopping) {
        look();
        const Micros every = gateway.routes()->options().alerts.every_micros;
        const Micros until = reactor.now() + every;
        while (!stopping && reactor.now() < until) co_await reactor.sleep(std::min(kStep, until - reactor.now()));
    }
    for (const auto& sender : senders) sender->stop();
}

void Alerts::Thread::start() {
    thread = std::thread([this] {
        lower_thread_priority();
        launch(pump());
        reactor.run();
    });
}

void Alerts::Thread::stop() {
    if (!thread.joinable()) return;
    reactor.call([this] { stopping = true; });
    {
        std::unique_lock lock(mutex);
        ended.wait_for(lock, std::chrono::microseconds(kStopMicros), [this] { return stopping && running == 0; });
    }
    reactor.stop();
    thread.join();
    save();
}

Alerts::Alerts(std::unique_ptr<Thread> thread) : thread_(std::move(thread)) {}

std::unique_ptr<Alerts> Alerts::start(gateway::Gateway& gateway) {
    auto thread = std::make_unique<Thread>(gateway);
    thread->load();
    thread->start();
    return std::unique_ptr<Alerts>(new Alerts(std::move(thread)));
}

Alerts::~Alerts() {
    stop();
}

void Alerts::stop() {
    thread_->stop();
}

Alerts::View Alerts::view() const {
    View view;
    const std::lock_guard lock(thread_->mutex);
    view.looked_unix = thread_->looked;
    view.firing.assign(thread_->book.state().firing.rbegin(), thread_->book.state().firing.rend());
    view.history.assign(thread_->book.state().history.begin(), thread_->book.state().history.end());
    for (const auto& sender : thread_->senders) view.webhooks.push_back(sender->view());
    view.removed_sent = thread_->removed_sent;
    view.removed_lost = thread_->removed_lost;
    return view;
}

std::string render_alerts(const Alerts::View& view) {
    const auto list = [](const std::vector<Alert>& alerts) {
        std::string out = "[";
        for (const Alert& alert : alerts) {
            if (out.size() > 1) out += ',';
            append_alert(alert, out);
        }
        return out + "]";
    };
    std::string out, webhooks = "[";
    JsonObject object(out);
    object.whole("looked_unix_us", view.looked_unix);
    object.raw("firing", list(view.firing));
    object.raw("history", list(view.history));
    for (const AlertSender::View& webhook : view.webhooks) {
        if (webhooks.size() > 1) webhooks += ',';
        JsonObject one(webhooks);
        one.text("name", webhook.name);
        one.whole("waiting", webhook.waiting);
        one.whole("sent", webhook.sent);
        one.whole("lost", webhook.lost);
        one.text_or_null("problem", webhook.problem);
        one.end();
    }
    object.raw("webhooks", webhooks + "]");
    std::string removed;
    JsonObject of_removed(removed);
    of_removed.whole("sent", view.removed_sent);
    of_removed.whole("lost", view.removed_lost);
    of_removed.end();
    object.raw("removed", removed);
    object.end();
    return out;
}

void add_alerts(RouteTable& routes, const Alerts& alerts) {
    routes.add(
        {"GET", "/api/alerts", AdminRole::view, RunOn::reactor,
         [&alerts](const AdminCall&) -> Result<AdminReply> { return AdminReply{render_alerts(alerts.view())}; }});
}

}  // namespace weir::admin
