// As fcn_hw_fifo, in block RAM: the word behind the first one is read a clock ahead.
//
// The RAM gives in a clock what its address was in the clock before, and nothing of a word that is
// written meanwhile; such a word is kept beside it.
module fcn_hw_fifo_bram #(
    parameter WIDTH = 8,
    parameter DEPTH = 2,
    parameter ADDRESS_BITS = 1
) (
    input wire clk,
    input wire rst,
    input wire [WIDTH-1:0] din,
    input wire write,
    output wire full,
    output wire [WIDTH-1:0] dout,
    input wire read,
    output wire empty
);
/* verilator lint_off WIDTHTRUNC */
localparam [ADDRESS_BITS:0] MOST = DEPTH;
localparam [ADDRESS_BITS-1:0] LAST = DEPTH - 1;
/* verilator lint_on WIDTHTRUNC */
(* ram_style = "block" *)
reg [WIDTH-1:0] words [0:DEPTH-1];
reg [WIDTH-1:0] word;
reg [WIDTH-1:0] written;
reg take_written;
reg [ADDRESS_BITS-1:0] first;
reg [ADDRESS_BITS-1:0] next;
reg [ADDRESS_BITS:0] count;
wire [ADDRESS_BITS-1:0] behind = first == LAST ? {ADDRESS_BITS{1'b0}} : first + 1'b1;
wire [ADDRESS_BITS-1:0] address = read ? behind : first;
assign full = count == MOST;
assign empty = count == 0;
assign dout = take_written ? written : word;
always @(posedge clk) begin
    if (write) words[next] <= din;
    word <= words[address];
    written <= din;
    take_written <= write && next == address;
    if (rst) begin
        first <= 0;
        next <= 0;
        count <= 0;
    end else begin
        if (write) next <= next == LAST ? {ADDRESS_BITS{1'b0}} : next + 1'b1;
        first <= address;
        if (write && !read) count <= count + 1'b1;
        if (read && !write) count <= count - 1'b1;
    end
end
endmodule
