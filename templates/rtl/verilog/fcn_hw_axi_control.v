// The AXI4-Lite slave of s_axi_control: the block protocol, and words that can be read.
//
// Addresses and bits are those of UG1399, "S_AXILITE Control Register Map": at 0x00 start (bit 0), done
// (bit 1, cleared when it is read), idle (bit 2) and start again after every frame (bit 7); WORDS
// words from FIRST on, STEP bytes apart. Everything else reads as zero.
//
// `start` holds until every input has begun its frame: `begun` of a clock tells so. `done` is high in
// a clock in which a frame has left every output.
/* verilator lint_off UNUSEDSIGNAL */ // bytes of an address, and of data that no register has
module fcn_hw_axi_control #(
    parameter WORDS = 1,
    parameter FIRST = 32,
    parameter STEP = 16
) (
    input wire clk,
    input wire rst,
    input wire [7:0] awaddr,
    input wire awvalid,
    output wire awready,
    input wire [31:0] wdata,
    input wire [3:0] wstrb,
    input wire wvalid,
    output wire wready,
    output wire [1:0] bresp,
    output reg bvalid,
    input wire bready,
    input wire [7:0] araddr,
    input wire arvalid,
    output wire arready,
    output reg [31:0] rdata,
    output wire [1:0] rresp,
    output reg rvalid,
    input wire rready,
    input wire [32*WORDS-1:0] words,
    output reg start,
    input wire begun,
    input wire done
);
reg again;
reg done_kept;
reg [15:0] in_flight; // frames that have begun and not left
wire write = awvalid & wvalid & ~bvalid;
wire read = arvalid & ~rvalid;
wire to_control = write & awaddr[7:2] == 6'd0 & wstrb[0];
wire idle = ~start & in_flight == 16'd0;
assign awready = write;
assign wready = write;
assign arready = ~rvalid;
assign bresp = 2'd0;
assign rresp = 2'd0;
integer at;
reg [31:0] word;
always @* begin
    word = 32'd0;
    if (araddr[7:2] == 6'd0) word = {24'd0, again, 4'd0, idle, done_kept, start};
    for (at = 0; at < WORDS; at = at + 1)
        if ({24'd0, araddr[7:2], 2'd0} == FIRST + STEP * at) word = words[32*at +: 32];
end
always @(posedge clk) begin
    if (rst) begin
        bvalid <= 1'b0;
        rvalid <= 1'b0;
        start <= 1'b0;
        again <= 1'b0;
        done_kept <= 1'b0;
        in_flight <= 16'd0;
    end else begin
        if (write) bvalid <= 1'b1;
        else if (bready) bvalid <= 1'b0;
        if (read) rvalid <= 1'b1;
        else if (rready) rvalid <= 1'b0;
        if (to_control && wdata[0]) start <= 1'b1;
        else if (begun && !again) start <= 1'b0;
        if (to_control) again <= wdata[7];
        if (done) done_kept <= 1'b1;
        else if (read && araddr[7:2] == 6'd0) done_kept <= 1'b0;
        in_flight <= in_flight + {15'd0, begun} - {15'd0, done};
    end
    if (read) rdata <= word;
end
endmodule
