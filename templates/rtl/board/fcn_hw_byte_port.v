// A serial line in front of a network: bytes become pixels, pixels become bytes.
//
// The host sends the codes of frames: rows, columns, channels, each code in IN_BYTES bytes, the lowest
// first. The port sends messages. Each begins with a byte that says what it is:
//
//     0          the port has passed BLOCK more bytes on to the network
//     1 to 254   so many bytes of the result follow, the codes of pixels as above
//     255        a byte was lost: the FIFO was full, or a stop bit was wrong
//
// No byte is lost where the host has at most 2 * BLOCK bytes on the way that no message 0 has answered:
// so many fit in the FIFO. A message is begun when all its bytes are there, so the network waits for the
// host as long as it likes, and the port never waits for the network in the middle of a message. A break
// (see fcn_hw_uart_rx.v) resets the port and the network.
module fcn_hw_byte_port #(
    parameter integer DIVIDER = 50,
    parameter integer BLOCK_BITS = 8,
    parameter integer IN_CHANNELS = 3,
    parameter integer IN_WIDTH = 8,
    parameter integer IN_BYTES = 1,
    parameter integer OUT_CHANNELS = 1,
    parameter integer OUT_WIDTH = 4,
    parameter integer OUT_BYTES = 1,
    parameter integer OUT_SIGNED = 0
) (
    input wire clk,
    input wire rst,
    input wire uart_rx,
    output wire uart_tx,
    output reg network_rst,
    output wire [IN_CHANNELS*IN_WIDTH-1:0] in_dout,
    output wire in_empty,
    input wire in_read,
    input wire [OUT_CHANNELS*OUT_WIDTH-1:0] out_din,
    output wire out_full,
    input wire out_write
);
localparam integer IN_TOTAL = IN_CHANNELS * IN_BYTES;
localparam integer OUT_TOTAL = OUT_CHANNELS * OUT_BYTES;
localparam integer DEPTH = 2 << BLOCK_BITS;
localparam [7:0] PASSED = 8'd0, LOST = 8'd255;
/* verilator lint_off WIDTHTRUNC */
localparam [15:0] LAST_IN = IN_TOTAL - 1;
localparam [15:0] ALL_OUT = OUT_TOTAL;
/* verilator lint_on WIDTHTRUNC */

// Bytes from the line.
wire [7:0] rx_data, next_data;
wire rx_valid, rx_broken, rx_reset, rx_full, next_empty;
fcn_hw_uart_rx #(.DIVIDER(DIVIDER)) receiver (
    .clk(clk), .rst(rst), .line(uart_rx),
    .data(rx_data), .valid(rx_valid), .broken(rx_broken), .reset(rx_reset)
);
always @(posedge clk) network_rst <= rst || rx_reset;

reg pixel_there;
wire take = !next_empty && !pixel_there;
fcn_hw_fifo_bram #(.WIDTH(8), .DEPTH(DEPTH), .ADDRESS_BITS(BLOCK_BITS + 1)) received (
    .clk(clk), .rst(network_rst),
    .din(rx_data), .write(rx_valid && !rx_full), .full(rx_full),
    .dout(next_data), .read(take), .empty(next_empty)
);

// Bytes to a pixel.
reg [8*IN_TOTAL-1:0] pixel;
reg [15:0] in_count;  // bytes of it that are there
wire [8*IN_TOTAL+7:0] shifted = {next_data, pixel};
assign in_empty = !pixel_there;
always @(posedge clk) begin
    if (take) pixel <= shifted[8*IN_TOTAL+7:8];
    if (network_rst) begin
        in_count <= 0;
        pixel_there <= 1'b0;
    end else if (take) begin
        in_count <= in_count == LAST_IN ? 16'd0 : in_count + 1'b1;
        pixel_there <= in_count == LAST_IN;
    end else if (in_read) begin
        pixel_there <= 1'b0;
    end
end
genvar c;
generate
    for (c = 0; c < IN_CHANNELS; c = c + 1) begin : in_channel
        assign in_dout[IN_WIDTH*c +: IN_WIDTH] = pixel[8*IN_BYTES*c +: IN_WIDTH];
    end
endgenerate

// A pixel to bytes.
wire [8*OUT_TOTAL-1:0] codes;
generate
    for (c = 0; c < OUT_CHANNELS; c = c + 1) begin : out_channel
        assign codes[8*OUT_BYTES*c +: OUT_WIDTH] = out_din[OUT_WIDTH*c +: OUT_WIDTH];
        if (OUT_WIDTH < 8 * OUT_BYTES) begin : extension
            assign codes[8*OUT_BYTES*c + OUT_WIDTH +: 8*OUT_BYTES - OUT_WIDTH] =
                {(8*OUT_BYTES - OUT_WIDTH){OUT_SIGNED != 0 && out_din[OUT_WIDTH*c + OUT_WIDTH-1]}};
        end
    end
endgenerate
reg [8*OUT_TOTAL-1:0] result;
reg [15:0] out_left;  // bytes of it that are not in the FIFO
wire sent_full, sent_empty;
wire give = out_left != 0 && !sent_full;
assign out_full = out_left != 0;
always @(posedge clk) begin
    if (out_write) result <= codes;
    else if (give) result <= result >> 8;
    if (network_rst) out_left <= 0;
    else if (out_write) out_left <= ALL_OUT;
    else if (give) out_left <= out_left - 1'b1;
end
wire [7:0] sent_data;
wire tx_ready;
reg [7:0] in_message;  // bytes of the message that are still to come
fcn_hw_fifo_bram #(.WIDTH(8), .DEPTH(DEPTH), .ADDRESS_BITS(BLOCK_BITS + 1)) results (
    .clk(clk), .rst(network_rst),
    .din(result[7:0]), .write(give), .full(sent_full),
    .dout(sent_data), .read(tx_ready && in_message != 0), .empty(sent_empty)
);

// Messages.
reg [BLOCK_BITS-1:0] passed;  // bytes, modulo BLOCK
reg [1:0] blocks;  // that are passed on and not told: two at most, what the host may have on the way
reg [BLOCK_BITS+1:0] there;  // bytes of the result in the FIFO that belong to no message yet
reg lost, told;
wire between = tx_ready && in_message == 0;
wire tell_lost = between && lost && !told;
wire tell_block = between && !tell_lost && blocks != 0;
wire tell_bytes = between && !tell_lost && blocks == 0 && there != 0;
wire [7:0] most = there > 254 ? 8'd254 : there[7:0];
wire block_passed = take && passed == {BLOCK_BITS{1'b1}};
always @(posedge clk) begin
    if (network_rst) begin
        passed <= 0;
        blocks <= 0;
        there <= 0;
        in_message <= 0;
        lost <= 1'b0;
        told <= 1'b0;
    end else begin
        if (take) passed <= passed + 1'b1;
        blocks <= blocks + {1'b0, block_passed} - {1'b0, tell_block};
        there <= there + {{(BLOCK_BITS+1){1'b0}}, give}
                 - (tell_bytes ? {{(BLOCK_BITS-6){1'b0}}, most} : {(BLOCK_BITS+2){1'b0}});
        if (tell_bytes) in_message <= most;
        else if (tx_ready && in_message != 0) in_message <= in_message - 1'b1;
        if (rx_broken || (rx_valid && rx_full)) lost <= 1'b1;
        if (tell_lost) told <= 1'b1;
    end
end
fcn_hw_uart_tx #(.DIVIDER(DIVIDER)) sender (
    .clk(clk), .rst(network_rst),
    .data(in_message != 0 ? sent_data : tell_lost ? LOST : tell_block ? PASSED : most),
    .valid(in_message != 0 || tell_lost || tell_block || tell_bytes),
    .ready(tx_ready), .line(uart_tx)
);
wire unused = &{1'b0, sent_empty, shifted[7:0]};
endmodule
