#include "client/text_width.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/table.h"

namespace rnnfarm::client {
namespace {

using ::testing::ElementsAre;

TEST(TextWidth, ShortensNamesInTheMiddleAndSentencesAtTheEnd) {
  EXPECT_EQ(Shortened("flipflop-gru-tanh-64-s0", 12), "flipf..64-s0");
  EXPECT_EQ(Shortened("the loss is not finite", 12), "the loss i..");
  EXPECT_EQ(Shortened("short", 5), "short");
  EXPECT_EQ(Shortened("größeres-Netz", 8), "grö..etz");
  EXPECT_EQ(DisplayWidth("größe"), 5);
}

TEST(TextWidth, ControlCharactersBecomeBlanks) {
  EXPECT_EQ(Visible("a\tb\x1b[31mc\rd\x7f\ne", true), "a b [31mc d \ne");
  EXPECT_EQ(Visible("one\ntwo", false), "one two");
  EXPECT_EQ(Visible("Gr\u00f6\u00dfe \u0085\u009b!", true), "Gr\u00f6\u00dfe   !");
  Table table({{"reason"}});
  table.AddRow({std::string("broken\n\x1b[2J")});
  EXPECT_EQ(table.Render(Format::kTable), "REASON\nbroken  [2J\n");
}

TEST(TextWidth, BreaksAtBlanksOutsideOfCommands) {
  EXPECT_EQ(Wrapped("one two three", 7), "one two\nthree");
  EXPECT_EQ(Wrapped("one two three", 7, 2), "one two\n  three");
  EXPECT_EQ(Wrapped("see `rnnfarm jobs list` now", 20), "see\n`rnnfarm jobs list`\nnow");
  EXPECT_EQ(Wrapped("see `rnnfarm jobs list s` now", 16, 1),
            "see\n `rnnfarm jobs \\\n list s` now");
  EXPECT_EQ(Wrapped("a lone ` is no command", 10), "a lone `\nis no\ncommand");
  EXPECT_EQ(Wrapped("unbreakablename", 5), "unbreakablename");
  EXPECT_EQ(Wrapped("a b\nc d", 0), "a b\nc d");
}

TEST(FitColumns, LeavesOutWhatGivesWayThenShortens) {
  const std::vector<ColumnNeed> columns = {{30, 10}, {6, 6}, {8, 8, true}, {20, 10}, {9, 9, true}};
  EXPECT_THAT(FitColumns(columns, 2, 100).left_out, ElementsAre());
  const ColumnFit fit = FitColumns(columns, 2, 40);
  EXPECT_THAT(fit.left_out, ElementsAre(2, 4)) << "for half of the line's width of the first";
  EXPECT_THAT(fit.shown, ElementsAre(0, 1, 3));
  EXPECT_THAT(fit.widths, ElementsAre(20, 6, 10));
  EXPECT_THAT(FitColumns(columns, 2, 32).left_out, ElementsAre(2, 4));
  EXPECT_THAT(FitColumns(columns, 2, 12).shown, ElementsAre(0));
}

Table Long() {
  Table table({{"name"}, {"state", false, true}, {.name = "time", .gives_way = true}, {"reason"}});
  table.AddRow({"sweeps/universality/jobs/train-flipflop-gru-tanh-64-s0", "failed",
                "2026-01-31T12:00:00Z", "the gradient is not finite at iteration 12"});
  return table;
}

TEST(Table, FitsATerminalAndIsWholeElsewhere) {
  for (const size_t width : {20, 40, 60, 80, 100}) {
    const std::string text = Long().Render(Format::kTable, /*colour=*/false, width);
    size_t start = 0;
    for (size_t end; (end = text.find('\n', start)) != std::string::npos; start = end + 1) {
      EXPECT_LE(DisplayWidth(text.substr(start, end - start)), width) << text;
    }
  }
  EXPECT_THAT(Long().LeftOut(40), ElementsAre("time"));
  for (const Format format : {Format::kWide, Format::kCsv, Format::kJson, Format::kName}) {
    EXPECT_NE(Long()
                  .Render(format, false, 40)
                  .find("sweeps/universality/jobs/train-flipflop-gru-tanh-64-s0"),
              std::string::npos);
  }
  EXPECT_EQ(Long().Render(Format::kTable).find(".."), std::string::npos);
}

}  // namespace
}  // namespace rnnfarm::client
