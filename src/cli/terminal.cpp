#include "cli/terminal.h"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace weir::cli {
namespace {

constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[2J";  // the other screen, no cursor
constexpr std::string_view kLeave = "\x1b[?25h\x1b[?1049l";

void write_all(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t written = write(STDOUT_FILENO, bytes.data(), bytes.size());
        if (written <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(written));
    }
}

// At most so many code points of the line.
std::string_view cut(std::string_view line, std::size_t columns) {
    std::size_t seen = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        if ((static_cast<unsigned char>(line[i]) & 0xC0U) != 0x80U && seen++ == columns) return line.substr(0, i);
    }
    return line;
}

ScreenSize screen_size() {
    winsize window{};
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_row == 0 || window.ws_col == 0) return {};
    return {window.ws_row, window.ws_col};
}

}  // namespace

std::string screen_frame(std::string_view text, ScreenSize size) {
    std::string frame = "\x1b[H";
    for (std::size_t row = 0; row < size.rows && !text.empty(); ++row) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (row > 0) frame += "\r\n";
        frame += cut(text.substr(0, end), size.columns);
        frame += "\x1b[K";
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return frame + "\x1b[J";
}

struct Terminal::Saved {
    sigset_t signals{};
    int signal_fd = -1;
    termios mode{};
    bool taken = false;
};

bool Terminal::usable() {
    return isatty(STDIN_FILENO) == 1 && isatty(STDOUT_FILENO) == 1;
}

Terminal::Terminal() : saved_(new Saved) {
    sigset_t watched;
    sigemptyset(&watched);
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGWINCH}) sigaddset(&watched, number);
    pthread_sigmask(SIG_BLOCK, &watched, &saved_->signals);
    saved_->signal_fd = signalfd(-1, &watched, SFD_CLOEXEC);
}

Terminal::~Terminal() {
    if (saved_->taken) {
        write_all(kLeave);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved_->mode);
    }
    if (saved_->signal_fd >= 0) close(saved_->signal_fd);
    pthread_sigmask(SIG_SETMASK, &saved_->signals, nullptr);
    delete saved_;
}

void Terminal::draw(std::string_view text) {
    if (!saved_->taken && tcgetattr(STDIN_FILENO, &saved_->mode) == 0) {
        termios keys = saved_->mode;
        keys.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
        keys.c_cc[VMIN] = 1;
        keys.c_cc[VTIME] = 0;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &keys);
        saved_->taken = true;
        write_all(kEnter);
    }
    write_all(screen_frame(text, screen_size()));
}

Terminal::Event Terminal::wait(Micros at_most) {
    using Steady = std::chrono::steady_clock;
    const auto until = Steady::now() + std::chrono::microseconds(at_most);
    while (true) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Steady::now()).count();
        std::array<pollfd, 2> watched{{{STDIN_FILENO, POLLIN, 0}, {saved_->signal_fd, POLLIN, 0}}};
        const int ready = poll(watched.data(), watched.size(), static_cast<int>(std::max<std::int64_t>(0, left)));
        if (ready == 0) return Event::time;
        if (watched[1].revents != 0) {
            signalfd_siginfo info{};
            if (read(saved_->signal_fd, &info, sizeof info) != sizeof info) return Event::quit;
            return info.ssi_signo == SIGWINCH ? Event::redraw : Event::quit;
        }
        if (watched[0].revents != 0) {
            char key = 0;
            constexpr char kCtrlC = 3, kCtrlD = 4;
            if (read(STDIN_FILENO, &key, 1) != 1) return Event::quit;
            if (key == 'q' || key == 'Q' || key == kCtrlC || key == kCtrlD) return Event::quit;
        }
    }
}

}  // namespace weir::cli
