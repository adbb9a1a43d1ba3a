#include "net/stream.h"

#include <sys/socket.h>

#include <utility>

#include "net/reactor_impl.h"

namespace weir::net {

Stream::Stream(Reactor& reactor) : reactor_(reactor) {
    reactor_.impl().add(*this);
}

Stream::~Stream() {
    reactor_.impl().remove(*this);
}

void Stream::abort(ErrorCode why) {
    if (refused_) return;
    refused_ = true;
    refused_with_ = why;
    close_socket();
}

void Stream::break_off() {
    const linger at_once{1, 0};
    if (!refused_) ::setsockopt(descriptor(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    abort(ErrorCode::canceled);
}

void Stream::shutdown_write() {
    if (!refused_) ::shutdown(descriptor(), SHUT_WR);
}

bool Stream::stale() const {
    if (refused_) return true;
    pollfd probe{descriptor(), POLLIN | POLLRDHUP, 0};
    return ::poll(&probe, 1, 0) != 0;
}

bool Stream::refused(Operation& operation) const {
    if (!refused_) return false;
    operation.result = {0, false, refused_with_};
    return true;
}

// true: all is sent, or an error is told.
bool Stream::begin_write(WriteAwaiter& write) {
    if (refused(write.operation)) return true;
    write.at_once = reactor_.impl().writes_at_once();
    return write.at_once && write_now(write.parts.data(), write.count, write.operation);
}

void Stream::continue_write(WriteAwaiter& write) {
    if (write.at_once) {
        start_write({write.parts.data(), write.count}, write.operation);
    } else {
        reactor_.impl().queue(write);
    }
}

Stream::WriteAwaiter Stream::write(std::string_view a, std::string_view b, std::string_view c, std::string_view d) {
    WriteAwaiter awaiter{*this};
    for (const std::string_view part : {a, b, c, d}) {
        if (!part.empty()) awaiter.parts[awaiter.count++] = {const_cast<char*>(part.data()), part.size()};
    }
    return awaiter;
}

}  // namespace weir::net
