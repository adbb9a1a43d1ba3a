#include "net/reactor.h"

#include <algorithm>

#include "net/reactor_impl.h"

namespace weir::net {

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
