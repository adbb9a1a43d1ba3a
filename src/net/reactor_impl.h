// The reactor's insides, for this room alone.
#pragma once

#include <poll.h>

#include <functional>
#include <list>
#include <vector>

#include "net/asio.h"
#include "net/reactor.h"
#include "net/stream.h"

namespace weir::net {

struct Reactor::Impl {
    explicit Impl(Reactor& owner)
        : reactor(owner), io(BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO), sweep_timer(io), work(asio::make_work_guard(io)) {}

    void schedule_sweep();
    void sweep();
    void add(Stream& stream);
    void remove(Stream& stream);
    bool writes_at_once();
    void queue(Stream::WriteAwaiter& write);
    void send_queued();

    Reactor& reactor;
    asio::io_context io;
    asio::steady_timer sweep_timer;
    asio::executor_work_guard<asio::io_context::executor_type> work;
    Stream* streams = nullptr;
    Stream::WriteAwaiter* first_write = nullptr;  // of this turn
    Stream::WriteAwaiter* last_write = nullptr;
    unsigned lone_turns = 0;   // turns in a row that wrote only once
    unsigned lone_writes = 0;  // since then
    std::vector<pollfd> watched;
    std::vector<Stream*> watched_streams;          // filled during a sweep only; null: destroyed meanwhile
    std::list<std::function<bool()>> every_sweep;  // a list: what is called may add to it
};

ErrorCode error_code_of(const SystemError& error);

}  // namespace weir::net
