// A FIFO whose first word is there to be read: `dout` is the word that `read` takes away.
//
// DEPTH words. A word that is written in a clock can be read in the next one. The memory is look-up
// tables, read without a clock.
module fcn_hw_fifo #(
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
(* ram_style = "distributed" *)
reg [WIDTH-1:0] words [0:DEPTH-1];
reg [ADDRESS_BITS-1:0] first;
reg [ADDRESS_BITS-1:0] next;
reg [ADDRESS_BITS:0] count;
assign full = count == MOST;
assign empty = count == 0;
assign dout = words[first];
always @(posedge clk) begin
    if (write) words[next] <= din;
    if (rst) begin
        first <= 0;
        next <= 0;
        count <= 0;
    end else begin
        if (write) next <= next == LAST ? {ADDRESS_BITS{1'b0}} : next + 1'b1;
        if (read) first <= first == LAST ? {ADDRESS_BITS{1'b0}} : first + 1'b1;
        if (write && !read) count <= count + 1'b1;
        if (read && !write) count <= count - 1'b1;
    end
end
endmodule
