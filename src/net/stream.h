// A connected byte stream (TCP, Unix socket, TLS over TCP) owned by one reactor.
// Thread rule: the reactor's thread. At most one read and one write at a time, both awaited before the stream goes.
// Limits: kMaxParts parts a write; the deadline bounds whatever operation is under way.
#pragma once

#include <sys/uio.h>

#include <array>
#include <coroutine>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/result.h"
#include "net/reactor.h"

namespace weir::net {

struct IoResult {
    std::size_t bytes = 0;
    bool ok = true;
    ErrorCode error = ErrorCode::internal;  // closed: orderly end; reset, timeout, canceled
};

// Told when the peer is seen to have closed its side, or the stream was aborted; at most once a watch. Called within a
// sweep: cancels, but does not resume coroutines itself.
class PeerWatcher {
  public:
    virtual void on_peer_gone() = 0;

  protected:
    ~PeerWatcher() = default;
};

class Stream {
  public:
    static constexpr std::size_t kMaxParts = 4;

    struct Operation {
        std::coroutine_handle<> waiter;
        IoResult result;
    };

    virtual ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    struct ReadAwaiter {
        Stream& stream;
        std::span<char> into;
        Operation operation{};
        bool await_ready() { return stream.refused(operation); }
        void await_suspend(std::coroutine_handle<> waiter) {
            operation.waiter = waiter;
            stream.start_read(into, operation);
        }
        IoResult await_resume() const { return operation.result; }
    };
    // At least one byte, or an error.
    ReadAwaiter read_some(std::span<char> into) { return {*this, into}; }

    struct WriteAwaiter {
        Stream& stream;
        std::array<iovec, kMaxParts> parts{};
        std::size_t count = 0;
        Operation operation{};
        WriteAwaiter* next = nullptr;  // the reactor's list
        bool at_once = false;          // not queued
        bool sent = false;             // or failed: operation tells
        bool await_ready() { return stream.begin_write(*this); }
        void await_suspend(std::coroutine_handle<> waiter) {
            operation.waiter = waiter;
            stream.continue_write(*this);
        }
        IoResult await_resume() const { return operation.result; }
    };
    // All bytes of all parts, or an error. What one turn of the event loop writes, to whatever streams, is sent at its
    // end, one after the other: peers are then woken once rather than for each. While turns write only once, nothing
    // waits for their end.
    WriteAwaiter write(std::string_view a, std::string_view b = {}, std::string_view c = {}, std::string_view d = {});

    // Steady microseconds; 0: none.
    void set_deadline(Micros at) { deadline_ = at; }
    void expire_after(Micros duration) { deadline_ = reactor_.now() + duration; }

    struct FinishAwaiter {
        Stream& stream;
        Operation operation{};
        bool await_ready() { return stream.refused(operation) || stream.finish_now(); }
        void await_suspend(std::coroutine_handle<> waiter) {
            operation.waiter = waiter;
            stream.start_finish(operation);
        }
        void await_resume() const {}
    };
    // Before an orderly end: TLS says its farewell and waits for the peer's. Nothing is read or written afterwards.
    FinishAwaiter finish() { return {*this}; }

    // Ends the operation under way, and every later one, with `why`. Closes the socket. Resumes nobody at once;
    // the next sweep tells the watcher.
    void abort(ErrorCode why);
    // As abort, and the peer sees a reset instead of an end.
    void break_off();
    // Ends a write that waits with canceled: the peer has got a part of it. No read may be under way; later ones go on.
    virtual void cancel_write() = 0;
    bool aborted() const { return refused_; }

    // Tells the peer that no more will be written; reading goes on.
    void shutdown_write();

    // For an idle connection: bytes or an end have come, so it can't be used for a new request.
    bool stale() const;

    // From now on the sweep looks whether the peer has gone; nullptr ends it.
    void watch_peer(PeerWatcher* watcher) { watcher_ = watcher; }

    Reactor& reactor() const { return reactor_; }

  protected:
    explicit Stream(Reactor& reactor);

    virtual int descriptor() const = 0;  // -1 once closed
    virtual void close_socket() = 0;
    virtual void start_read(std::span<char> into, Operation& operation) = 0;
    // Writes what goes without waiting; true: all done or failed (operation tells), false: the rest is in parts.
    virtual bool write_now(iovec* parts, std::size_t& count, Operation& operation) = 0;
    virtual void start_write(std::span<const iovec> parts, Operation& operation) = 0;
    virtual bool finish_now() { return true; }
    virtual void start_finish(Operation&) {}

    bool refused(Operation& operation) const;
    bool begin_write(WriteAwaiter& write);
    void continue_write(WriteAwaiter& write);
    ErrorCode refused_error() const { return refused_with_; }

  private:
    friend class Reactor;
    friend struct Reactor::Impl;

    Reactor& reactor_;
    Micros deadline_ = 0;
    PeerWatcher* watcher_ = nullptr;
    bool refused_ = false;
    ErrorCode refused_with_ = ErrorCode::canceled;
    Stream* previous_ = nullptr;  // the reactor's list
    Stream* next_ = nullptr;
};

}  // namespace weir::net
