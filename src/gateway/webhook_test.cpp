#include "gateway/webhook.h"

#include <doctest/doctest.h>

#include "gateway/judge_testing.h"
#include "wire/grader.h"

using namespace weir;
using namespace weir::gateway;
using namespace weir::gateway::testing;
using wire::JudgeWord;

namespace {

// A plan with a grader of its own instead of the judge, played by the test.
struct World : JudgeWorld {
    World() {
        record = shared().judges->record_of("c", "webhook");
        loop.call([&] {
            auto made = std::make_shared<Plan>(*plan);
            const std::shared_ptr<tiers::ProviderLink> link = made->judge->provider;
            link->endpoints.first().path_prefix = "/grade";
            link->endpoints.first().host_header = "grader.example";
            link->endpoints.first().key_line = "authorization: Bearer secret\r\n";
            made->webhook = link;
            made->judge.reset();
            made->judge_record = record;
            plan = std::move(made);
        });
    }

    struct Call {
        net::testing::Peer peer;
        std::string head, body;
        void answer(std::string_view text, std::string_view status = "200 OK") {
            peer.send("HTTP/1.1 " + std::string(status) + "\r\nconnection: close\r\ncontent-length: " +
                      std::to_string(text.size()) + "\r\n\r\n" + std::string(text));
            peer.read_to_end();
        }
    };
    Call take_call() {
        net::testing::Peer peer = upstream.accept();
        std::string head = peer.read_until("\r\n\r\n");
        const std::size_t length = head.find("content-length: ");
        REQUIRE(length != std::string::npos);
        std::string body = peer.read_bytes(static_cast<std::size_t>(std::atoll(head.c_str() + length + 16)));
        return {std::move(peer), std::move(head), std::move(body)};
    }
};

}  // namespace

TEST_CASE("a grader is asked once about a pair, told whose answer is whose, and costs nothing that is booked") {
    World world;
    REQUIRE(world.ask("of the reference", "of the tier"));
    World::Call call = world.take_call();
    CHECK(call.head.starts_with("POST /grade HTTP/1.1\r\nhost: grader.example\r\nauthorization: Bearer secret\r\n"));
    CHECK(call.body == R"({"task":"0000000000000004","system":"Be brief.","question":"Why?",)"
                       R"("reference":"of the reference","answer":"of the tier"})");
    call.answer(R"({"verdict":"worse"})");
    world.ended();
    REQUIRE(world.told.size() == 1);
    CHECK(world.told[0].word == JudgeWord::a);
    CHECK(world.rows.kept.empty());
    // The same again is remembered; the other way round it is another question.
    REQUIRE(world.ask("of the reference", "of the tier"));
    REQUIRE(world.ask("of the tier", "of the reference"));
    world.take_call().answer(R"({"score":0.9})");
    world.ended();
    REQUIRE(world.told.size() == 3);
    CHECK(world.told[1].word == JudgeWord::a);
    CHECK(world.told[2].word == JudgeWord::same);
    CHECK(world.record->view().calls == 2);
}

TEST_CASE("errors of a grader are no word; one that fails again and again is left alone for a while") {
    World world;
    const std::string large(wire::kGraderBytes + 1, ' ');
    for (std::uint32_t i = 0; i < JudgeRecord::kFailures; ++i) {
        REQUIRE(world.ask("reference " + std::to_string(i), "tier"));
        World::Call call = world.take_call();
        if (i == 0) call.answer(R"({"verdict":"same"})", "500 Internal Server Error");
        if (i == 1) call.answer(large);
        if (i > 1) call.peer.reset();
        world.ended();
        REQUIRE(world.told.size() == i + 1);
        CHECK(world.told[i].word == JudgeWord::none);
    }
    REQUIRE(world.ask("one more", "tier"));
    world.ended();
    CHECK_FALSE(world.upstream.somebody_waits());
    CHECK(world.told.back().word == JudgeWord::none);
    CHECK(world.record->view().passed_over == 1);
}

TEST_CASE("what a grader says that is no word") {
    World world;
    REQUIRE(world.ask("reference", "tier"));
    world.take_call().answer("they are the same");
    world.ended();
    CHECK(world.told.at(0).word == JudgeWord::none);
    CHECK(world.record->view().unreadable == 1);
}

TEST_CASE("few graders are asked at a time, and at the gateway's end none is waited for") {
    World world;
    for (std::size_t i = 0; i < kMostJudged + 2; ++i) REQUIRE(world.ask("reference " + std::to_string(i), "tier"));
    std::vector<World::Call> calls;
    for (std::size_t i = 0; i < kMostJudged; ++i) calls.push_back(world.take_call());
    CHECK_FALSE(world.upstream.somebody_waits());
    world.loop.call([&] { cancel_background(*world.lane); });
    world.ended();
    CHECK(world.told.empty());
    CHECK_FALSE(world.ask("reference", "tier"));
}
