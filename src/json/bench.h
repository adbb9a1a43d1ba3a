// What the micro benchmarks of json/ and wire/ share: a clock for short functions and sample chat bodies.
// Thread rule: one thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>

namespace weir::json {

// Keeps the compiler from dropping a result.
template <class T>
void keep(const T& value) {
    asm volatile("" : : "r"(&value) : "memory");
}

// Nanoseconds a call: the best of 15 runs of about 10 ms, which a busy machine disturbs least.
template <class Function>
double nanoseconds_each(Function&& function) {
    using Clock = std::chrono::steady_clock;
    const auto time = [&](std::size_t calls) {
        const auto start = Clock::now();
        for (std::size_t i = 0; i < calls; ++i) function();
        return std::chrono::duration<double, std::nano>(Clock::now() - start).count();
    };
    std::size_t calls = 16;
    while (time(calls) < 5e6) calls *= 2;
    double best = 1e300;
    for (int run = 0; run < 15; ++run) best = std::min(best, time(calls) / static_cast<double>(calls));
    return best;
}

// A chat request of about `bytes` bytes: a system message and turns of English prose with some escapes.
inline std::string sample_chat_body(std::size_t bytes, bool non_ascii = false) {
    std::string body =
        R"({"model":"gpt-4o-mini","temperature":0,"stream":false,"user":"u-12345","messages":[{"role":"system","content":)"
        R"("You are a support agent. Answer with one of: billing, shipping, returns, other."})";
    bool user = true;
    while (body.size() + 120 < bytes) {
        body += user ? R"(,{"role":"user","content":")" : R"(,{"role":"assistant","content":")";
        for (std::size_t turn = body.size() + 600; body.size() < turn && body.size() + 100 < bytes;) {
            body += non_ascii ? "Où est ma commande n° 1234 ? Elle n'est pas arrivée.\\n"
                              : "Hello, I ordered a \\\"lamp\\\" two weeks ago and it has not arrived yet.\\n";
        }
        body += "\"}";
        user = !user;
    }
    return body + R"(],"max_tokens":256,"response_format":{"type":"text"}})";
}

}  // namespace weir::json
