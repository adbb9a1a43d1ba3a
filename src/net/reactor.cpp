#include "net/reactor.h"

#include <algorithm>

#include "net/reactor_impl.h"

namespace weir::net {
namespace {

constexpr unsigned kLoneTurns = 17;  // odd: else it might always be the last write of a turn that is queued

}  // namespace

Reactor::Reactor(const Clock& clock, unsigned index)
    : clock_(clock), index_(index), impl_(std::make_unique<Impl>(*this)) {
    impl_->schedule_sweep();
}

Reactor::~Reactor() = default;

void Reactor::run() {
    impl_->io.run();
}

void Reactor::stop() {
    impl_->io.stop();
}

void Reactor::post(std::coroutine_handle<> resume) {
    asio::post(impl_->io, [resume] { resume.resume(); });
}

void Reactor::call(std::function<void()> work) {
    asio::post(impl_->io, std::move(work));
}

void Reactor::every_sweep(std::function<bool()> work) {
    impl_->every_sweep.push_back(std::move(work));
}

void Reactor::wake_after(Micros duration, std::coroutine_handle<> waiter) {
    auto timer = std::make_unique<asio::steady_timer>(impl_->io, std::chrono::microseconds(duration));
    asio::steady_timer& armed = *timer;
    armed.async_wait([timer = std::move(timer), waiter](const SystemError&) { waiter.resume(); });
}

void Reactor::Impl::schedule_sweep() {
    sweep_timer.expires_after(std::chrono::microseconds(kSweepMicros));
    sweep_timer.async_wait([this](const SystemError& error) {
        if (error) return;
        sweep();
        schedule_sweep();
    });
}

void Reactor::Impl::sweep() {
    const Micros now = reactor.now();
    watched.clear();
    // abort() resumes nobody before the sweep ends, so the list stays whole.
    for (Stream* stream = streams; stream != nullptr; stream = stream->next_) {
        if (stream->deadline_ != 0 && now >= stream->deadline_) stream->abort(ErrorCode::timeout);
        if (stream->watcher_ == nullptr) continue;
        watched.push_back({stream->refused_ ? -1 : stream->descriptor(), POLLRDHUP, 0});
        watched_streams.push_back(stream);
    }
    if (!watched.empty()) ::poll(watched.data(), watched.size(), 0);
    for (std::size_t i = 0; i < watched.size(); ++i) {
        Stream* const stream = watched_streams[i];
        if (stream == nullptr) continue;
        if (!stream->refused_ && (watched[i].revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) == 0) continue;
        if (PeerWatcher* const watcher = std::exchange(stream->watcher_, nullptr)) watcher->on_peer_gone();
    }
    watched_streams.clear();
    for (auto called = every_sweep.begin(); called != every_sweep.end();) {
        called = (*called)() ? std::next(called) : every_sweep.erase(called);
    }
}

void Reactor::Impl::add(Stream& stream) {
    stream.next_ = streams;
    if (streams != nullptr) streams->previous_ = &stream;
    streams = &stream;
}

void Reactor::Impl::remove(Stream& stream) {
    if (stream.previous_ != nullptr) stream.previous_->next_ = stream.next_;
    if (stream.next_ != nullptr) stream.next_->previous_ = stream.previous_;
    if (streams == &stream) streams = stream.next_;
    std::replace(watched_streams.begin(), watched_streams.end(), &stream, static_cast<Stream*>(nullptr));
}

// Once kLoneTurns turns in a row have written but once. Every kLoneTurns-th write is queued still, with those behind
// it, to notice when that changes.
bool Reactor::Impl::writes_at_once() {
    if (lone_turns < kLoneTurns || first_write != nullptr) return false;
    return ++lone_writes % kLoneTurns != 0;
}

void Reactor::Impl::queue(Stream::WriteAwaiter& write) {
    if (first_write == nullptr) {
        first_write = &write;
        asio::post(io, [this] { send_queued(); });
    } else {
        last_write->next = &write;
    }
    last_write = &write;
}

void Reactor::Impl::send_queued() {
    Stream::WriteAwaiter* const first = std::exchange(first_write, nullptr);
    lone_turns = first->next == nullptr ? std::min(lone_turns + 1, kLoneTurns) : 0;
    for (Stream::WriteAwaiter* write = first; write != nullptr; write = write->next) {
        Stream& stream = write->stream;
        write->sent =
            stream.refused(write->operation) || stream.write_now(write->parts.data(), write->count, write->operation);
    }
    for (Stream::WriteAwaiter* write = first; write != nullptr;) {
        Stream::WriteAwaiter& done = *std::exchange(write, write->next);  // gone once it is resumed
        if (done.sent) {
            done.operation.waiter.resume();
        } else {
            done.stream.start_write({done.parts.data(), done.count}, done.operation);
        }
    }
}

ErrorCode error_code_of(const SystemError& error) {
    if (error == asio::error::eof) return ErrorCode::closed;
    // An end without TLS' own farewell is not an orderly one: anybody on the way can forge it.
    if (error == asio::ssl::error::stream_truncated || error == asio::error::connection_reset ||
        error == asio::error::broken_pipe || error == asio::error::connection_aborted) {
        return ErrorCode::reset;
    }
    if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) return ErrorCode::canceled;
    if (error == asio::error::timed_out) return ErrorCode::timeout;
    if (error.category() == asio::error::get_ssl_category()) return ErrorCode::protocol;
    return ErrorCode::unavailable;
}

}  // namespace weir::net
