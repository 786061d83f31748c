// Sends bytes: a start bit, eight data bits with the lowest first, a stop bit (8N1).
//
// DIVIDER clocks a bit, at least 4. `data` is taken in a clock in which `valid` and `ready` are 1.
module fcn_hw_uart_tx #(
    parameter integer DIVIDER = 50
) (
    input wire clk,
    input wire rst,
    input wire [7:0] data,
    input wire valid,
    output wire ready,
    output wire line
);
/* verilator lint_off WIDTHTRUNC */
localparam [15:0] BIT = DIVIDER - 1;
/* verilator lint_on WIDTHTRUNC */
reg [9:0] bits;  // the next one is the lowest; the stop bit stays when all are sent
reg [3:0] count;
reg [15:0] left;
assign ready = count == 0;
assign line = bits[0];
always @(posedge clk) begin
    if (rst) begin
        bits <= 10'h3ff;
        count <= 0;
        left <= BIT;
    end else if (count == 0) begin
        left <= BIT;
        if (valid) begin
            bits <= {1'b1, data, 1'b0};
            count <= 4'd10;
        end
    end else if (left != 0) begin
        left <= left - 1'b1;
    end else begin
        left <= BIT;
        bits <= {1'b1, bits[9:1]};
        count <= count - 1'b1;
    end
end
endmodule
