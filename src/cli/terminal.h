// A terminal for a program that redraws its screen: keys one by one, no echo, the screen beside the usual one; all of
// that is taken back when the program ends, by a signal too. Thread rule: main's thread; made before any other thread
// begins, as signals are blocked in all of them.
#pragma once

#include <string>
#include <string_view>

#include "base/units.h"

namespace weir::cli {

struct ScreenSize {
    std::size_t rows = 24, columns = 80;
};

// `text` as one write that changes a screen in place: each line cut to the columns and cleared behind its end, as many
// lines as there are rows, everything below cleared. Nothing is erased that is drawn again, so that nothing flickers.
std::string screen_frame(std::string_view text, ScreenSize size);

class Terminal {
  public:
    static bool usable();  // people sit there: both standard input and output are terminals

    Terminal();   // blocks SIGINT, SIGTERM, SIGHUP and SIGWINCH
    ~Terminal();  // as it was
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    void draw(std::string_view text);  // the first call takes the screen

    enum class Event : std::uint8_t { time, redraw, quit };
    // time: the wait is over; redraw: the window's size has changed; quit: `q`, Ctrl-C, Ctrl-D, a signal, or the
    // terminal is gone.
    Event wait(Micros at_most);

  private:
    struct Saved;
    Saved* saved_;
};

}  // namespace weir::cli
